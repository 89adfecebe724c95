// The name a client's certificate proves, as the listener wants it.
//
// Thread: any.   Fails: with what is missing or cannot be a user name, for the log.
// Source: RFC 2253 (text of a subject), RFC 5280 §4.2.1.6 (alternative names), MQTT 5.0 §1.5.4 (text).
// Private to this room.
#pragma once

#include <string>

#include "base/result.hpp"
#include "net/openssl.hpp"
#include "net/tls_settings.hpp"

namespace mortise::net {

// common_name: the most specific one. subject: "CN=pump-7,O=Example". san: the first DNS name, URI or e-mail
// address.
base::Result<std::string, std::string> identity_of(const X509& certificate, TlsSettings::Identity wanted);

}  // namespace mortise::net
