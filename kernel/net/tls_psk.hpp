// Clients with a pre-shared key (PSK): OpenSSL's questions answered by whoever knows the keys.
//
// An identity nobody knows goes on with a random key: its handshake fails where one with a wrong key does, in
// both versions, so that nobody learns by trying which identities there are. The log has the difference.
//
// A session keeps the identity and a digest of its key, in the ticket, which only this context can read.
// Resuming asks for the key again: one that has gone or changed makes the ticket worthless.
//
// In TLS 1.3 a ticket, too, comes as an identity; it is not UTF-8, and so not asked for.
//
// Thread: a connection's loop, in its handshake.   Owns: nothing; keys are overwritten after use.
// Fails:  by a handshake that fails; TlsRefusal has the reason.
// Source: RFC 4279, RFC 5487, RFC 5489 (TLS 1.2), RFC 8446 §4.2.11 (TLS 1.3), RFC 9257.
// Private to this room.
#pragma once

#include <string>
#include <string_view>

#include "net/openssl.hpp"
#include "net/tls_settings.hpp"

namespace mortise::net {

// From now on `context` asks `psk`, which lives as long. False: OpenSSL does not take the hint.
bool serve_psk(SSL_CTX& context, const TlsSettings::Psk& psk);
// Whether the key that made `session`, from a ticket, is still its identity's; true for one made without.
bool has_current_psk(SSL& ssl, const SSL_SESSION& session);
// The identity whose key the connection was opened with; empty: with none. After the handshake.
std::string_view psk_identity_of(const SSL& ssl);

}  // namespace mortise::net
