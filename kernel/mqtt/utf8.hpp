// Well-formed UTF-8 as MQTT wants it: no overlong forms, no surrogates, no U+0000.
//
// Cost: one pass; eight bytes a step while they are ASCII.
// Source: MQTT 5.0 §1.5.4, RFC 3629 §4.  [MQTT-1.5.4-1] [MQTT-1.5.4-2]; a byte order mark is a character like
// any other.  [MQTT-1.5.4-3]
#pragma once

#include <string_view>

namespace mortise::mqtt {

bool is_utf8(std::string_view text);
// As Unicode wants it: with U+0000, which a payload may have.  (MQTT 5.0 §3.3.2.3.2)
bool is_utf8_payload(std::string_view text);

}  // namespace mortise::mqtt
