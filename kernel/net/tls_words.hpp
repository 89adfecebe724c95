// Why a TLS connection failed, in the operator's words.
//
// Thread: any; reads and clears the thread's queue of OpenSSL's errors.   Fails: never; what has no words of
// ours is told in OpenSSL's.
// Private to this room.
#pragma once

#include <string>

#include "mqtt/packet.hpp"
#include "net/openssl.hpp"
#include "net/tls_context.hpp"

namespace mortise::net {

// Of bytes with which no TLS connection begins; empty: one may.
std::string why_not_tls(mqtt::Bytes first);

// The last failure of `ssl`. `refusal` is what our own judgement left, of its certificate or its key.
std::string why_failed(const SSL& ssl, const TlsRefusal& refusal);

}  // namespace mortise::net
