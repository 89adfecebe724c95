// Valid packets, each in the very bytes that encode writes: fields first, then the properties without a
// field.
#pragma once

#include <string>
#include <vector>

#include "wire.hpp"

namespace mortise::mqtt {

struct ValidPacket {
  const char* name;
  Version version;
  Wire bytes;
};
inline void PrintTo(const ValidPacket& row, std::ostream* out) { *out << row.name << ' ' << hex(row.bytes); }

inline Wire user(std::string_view name, std::string_view value) {
  return wire(0x26, text(name), text(value));
}
// The head of a CONNECT, up to the keep alive.
inline Wire head(int level, int flags) { return wire(text("MQTT"), level, flags, two(60)); }

// clang-format off
// long: a table of packets, a row each
inline std::vector<ValidPacket> valid_packets() {
  const Wire will_5 = wire(sized(0x18, four(30), 0x02, four(90), 0x01, 1, 0x03, text("text/plain"), 0x08, text("re"), 0x09, text("id"), user("a", "1")),
                           text("wills/me"), text("gone"));
  const Wire message = wire(0x02, four(90), 0x23, two(5), 0x01, 1, 0x03, text("text/plain"), 0x08, text("answers/me"), 0x09, text("id"),
                            user("a", "1"), user("b", "2"), user("a", "3"), 0x0B, 7, 0x0B, variable(268'435'455));
  return {
    {"connect_3_smallest",            v3, packet(0x10, head(4, 0x02), text("me"))},
    {"connect_3_of_a_bridge",         v3, packet(0x10, head(0x84, 0x02), text("me"))},
    {"connect_3_no_identifier",       v3, packet(0x10, head(4, 0x02), text(""))},
    {"connect_3_resume",              v3, packet(0x10, head(4, 0x00), text("me"))},
    {"connect_3_will_qos_0",          v3, packet(0x10, head(4, 0x06), text("me"), text("w"), text("gone"))},
    {"connect_3_will_qos_1",          v3, packet(0x10, head(4, 0x0E), text("me"), text("w"), text(""))},
    {"connect_3_will_qos_2_retained", v3, packet(0x10, head(4, 0x36), text("me"), text("w"), text("gone"))},
    {"connect_3_user_name",           v3, packet(0x10, head(4, 0x82), text("me"), text("user"))},
    {"connect_3_all",                 v3, packet(0x10, head(4, 0xF6), text("me"), text("w"), text("gone"), text("user"), text("secret"))},
    {"connect_3_empty_credentials",   v3, packet(0x10, head(4, 0xC2), text("me"), text(""), text(""))},
    {"connect_5_smallest",            v5, packet(0x10, head(5, 0x02), no_properties, text(""))},
    {"connect_5_password_alone",      v5, packet(0x10, head(5, 0x42), no_properties, text("me"), text("secret"))},
    {"connect_5_session_expiry",      v5, packet(0x10, head(5, 0x00), sized(0x11, four(0xFFFFFFFF)), text("me"))},
    {"connect_5_receive_maximum_1",   v5, packet(0x10, head(5, 0x00), sized(0x21, two(1)), text("me"))},
    {"connect_5_all_properties",      v5, packet(0x10, head(5, 0x02), sized(0x11, four(3600), 0x21, two(20), 0x27, four(65'536), 0x22, two(10), 0x19, 1, 0x17, 0,
                                                 0x15, text("SCRAM"), 0x16, text("data"), user("k", "v"), user("k", "v")), text("me"))},
    {"connect_5_will",                v5, packet(0x10, head(5, 0x2E), no_properties, text("me"), will_5)},
    {"connect_5_all",                 v5, packet(0x10, head(5, 0xF6), sized(0x11, four(1), user("", "")), text("me"), will_5, text("user"), text("secret"))},
    {"connect_5_byte_order_mark",     v5, packet(0x10, head(5, 0x02), no_properties, text("\xEF\xBB\xBFme"))},
    {"connack_3_accepted",            v3, packet(0x20, 0, 0)},
    {"connack_3_session_present",     v3, packet(0x20, 1, 0)},
    {"connack_3_wrong_version",       v3, packet(0x20, 0, 1)},
    {"connack_3_wrong_identifier",    v3, packet(0x20, 0, 2)},
    {"connack_3_unavailable",         v3, packet(0x20, 0, 3)},
    {"connack_3_wrong_password",      v3, packet(0x20, 0, 4)},
    {"connack_3_not_authorized",      v3, packet(0x20, 0, 5)},
    {"connack_5_accepted",            v5, packet(0x20, 0, 0, no_properties)},
    {"connect_3_1",                   v3_1, packet(0x10, text("MQIsdp"), 3, 2, two(60), text("me"))},
    {"connect_3_1_all_fields",        v3_1, packet(0x10, text("MQIsdp"), 3, 0xEE, two(60), text(std::string(40, 'i')), text("w"), text("gone"), text("user"), text("secret"))},
    {"connack_5_session_present",     v5, packet(0x20, 1, 0, no_properties)},
    {"connack_5_refused",             v5, packet(0x20, 0, 0x87, sized(0x1F, text("not you")))},
    {"connack_5_all_properties",      v5, packet(0x20, 0, 0, sized(0x11, four(60), 0x21, two(20), 0x24, 1, 0x25, 1, 0x27, four(1'000'000), 0x12, text("auto-1"),
                                                 0x22, two(16), 0x1F, text("fine"), 0x28, 1, 0x29, 0, 0x2A, 1, 0x13, two(30), 0x1A, text("rr"),
                                                 0x1C, text("other:1883"), 0x15, text("SCRAM"), 0x16, text("done"), user("k", "v")))},
    {"publish_3_qos_0",               v3, packet(0x30, text("a/b"), chars("payload"))},
    {"publish_3_empty",               v3, packet(0x30, text("a"))},
    {"publish_3_retained",            v3, packet(0x31, text("a/b"), chars("payload"))},
    {"publish_3_qos_1",               v3, packet(0x32, text("a/b"), two(10), chars("payload"))},
    {"publish_3_qos_1_dup_retained",  v3, packet(0x3B, text("a/b"), two(65'535), chars("payload"))},
    {"publish_3_qos_2_dup",           v3, packet(0x3C, text("a/b"), two(1), chars("payload"))},
    {"publish_3_long_payload",        v3, packet(0x30, text("a/b"), chars(std::string(20'000, 'x')))},
    {"publish_5_qos_0",               v5, packet(0x30, text("a/b"), no_properties, chars("payload"))},
    {"publish_5_example",             v5, packet(0x32, text("a/b"), two(10), no_properties)},
    {"publish_5_qos_2_dup_retained",  v5, packet(0x3D, text("a/b"), two(10), no_properties, chars("x"))},
    {"publish_5_all_properties",      v5, packet(0x34, text("a/b"), two(10), sized(message), chars("x"))},
    {"publish_5_alias_alone",         v5, packet(0x30, text(""), sized(0x23, two(65'535)), chars("x"))},
    {"publish_5_dollar_topic",        v5, packet(0x30, text("$SYS/a"), no_properties)},
    {"publish_5_long_properties",     v5, packet(0x30, text("a"), sized(user("k", std::string(300, 'v'))), chars("x"))},
    {"puback_3",                      v3, packet(0x40, two(1))},
    {"pubrec_3",                      v3, packet(0x50, two(2))},
    {"pubrel_3",                      v3, packet(0x62, two(3))},
    {"pubcomp_3",                     v3, packet(0x70, two(65'535))},
    {"puback_5",                      v5, packet(0x40, two(1))},
    {"pubrec_5",                      v5, packet(0x50, two(2))},
    {"pubrel_5",                      v5, packet(0x62, two(3))},
    {"pubcomp_5",                     v5, packet(0x70, two(4))},
    {"puback_5_reason",               v5, packet(0x40, two(1), 0x10)},
    {"pubrec_5_reason",               v5, packet(0x50, two(1), 0x97)},
    {"pubrel_5_reason",               v5, packet(0x62, two(1), 0x92)},
    {"pubcomp_5_reason",              v5, packet(0x70, two(1), 0x92)},
    {"puback_5_properties",           v5, packet(0x40, two(1), 0x87, sized(0x1F, text("no"), user("k", "v")))},
    {"pubrec_5_properties",           v5, packet(0x50, two(1), 0x00, sized(0x1F, text("yes")))},
    {"pubrel_5_properties",           v5, packet(0x62, two(1), 0x00, sized(user("k", "v"), user("k", "w")))},
    {"pubcomp_5_properties",          v5, packet(0x70, two(1), 0x92, sized(0x1F, text("who"), user("k", "v")))},
    {"subscribe_3",                   v3, packet(0x82, two(10), text("a/b"), 1)},
    {"subscribe_3_many",              v3, packet(0x82, two(10), text("a/b"), 0, text("#"), 1, text("+/c"), 2)},
    {"subscribe_5",                   v5, packet(0x82, two(10), no_properties, text("a/b"), 0)},
    {"subscribe_5_example",           v5, packet(0x82, two(10), no_properties, text("a/b"), 1, text("c/d"), 2)},
    {"subscribe_5_options",           v5, packet(0x82, two(1), sized(0x0B, variable(128), user("k", "v")), text("a"), 0x04, text("b"), 0x08, text("c"), 0x10, text("d"), 0x2E)},
    {"subscribe_5_shared",            v5, packet(0x82, two(1), no_properties, text("$share/g/a/#"), 0x2A)},
    {"subscribe_5_ill_formed_filter", v5, packet(0x82, two(1), no_properties, text("a#"), 0, text(""), 1)},
    {"suback_3",                      v3, packet(0x90, two(10), 0, 1, 2, 0x80)},
    {"suback_5",                      v5, packet(0x90, two(10), no_properties, 0, 1, 2, 0x87, 0x8F, 0x9E, 0xA1, 0xA2)},
    {"suback_5_properties",           v5, packet(0x90, two(10), sized(0x1F, text("some"), user("k", "v")), 0)},
    {"unsubscribe_3",                 v3, packet(0xA2, two(10), text("a/b"), text("c/d"))},
    {"unsubscribe_5",                 v5, packet(0xA2, two(10), no_properties, text("a/b"), text("c/d"))},
    {"unsubscribe_5_user_property",   v5, packet(0xA2, two(10), sized(user("k", "v")), text("$share/g/a"))},
    {"unsuback_3",                    v3, packet(0xB0, two(10))},
    {"unsuback_5",                    v5, packet(0xB0, two(10), no_properties, 0x00, 0x11, 0x87)},
    {"unsuback_5_properties",         v5, packet(0xB0, two(10), sized(0x1F, text("some"), user("k", "v")), 0)},
    {"pingreq_3",                     v3, packet(0xC0)},
    {"pingreq_5",                     v5, packet(0xC0)},
    {"pingresp_3",                    v3, packet(0xD0)},
    {"pingresp_5",                    v5, packet(0xD0)},
    {"disconnect_3",                  v3, packet(0xE0)},
    {"disconnect_5",                  v5, packet(0xE0)},
    {"disconnect_5_with_will",        v5, packet(0xE0, 0x04)},
    {"disconnect_5_example",          v5, packet(0xE0, 0x00, sized(0x11, four(0)))},
    {"disconnect_5_moved",            v5, packet(0xE0, 0x9D, sized(0x1F, text("gone"), 0x1C, text("there"), user("k", "v")))},
    {"auth_5_success",                v5, packet(0xF0)},
    {"auth_5_continue",               v5, packet(0xF0, 0x18, sized(0x15, text("SCRAM"), 0x16, text("data")))},
    {"auth_5_again",                  v5, packet(0xF0, 0x19, sized(0x15, text("SCRAM"), 0x1F, text("because"), user("k", "v")))},
    {"auth_5_empty_method",           v5, packet(0xF0, 0x00, sized(0x15, text("")))},
  };
}
// clang-format on

}  // namespace mortise::mqtt
