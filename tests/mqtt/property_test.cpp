#include "mqtt/property.hpp"

#include <set>
#include <string>

#include "mqtt/reader.hpp"
#include "valid_packets.hpp"

namespace mortise::mqtt {
namespace {

// Where a property may stand, by one letter a place, so that a row of the table stays a line.
// clang-format off
enum class Place : char {
  connect = 'C', connack = 'c', publish = 'P', will = 'W', puback = 'a', pubrec = 'r', pubrel = 'l', pubcomp = 'o',
  subscribe = 'S', suback = 's', unsubscribe = 'U', unsuback = 'u', disconnect = 'D', auth = 'A',
};
// clang-format on
constexpr std::string_view places = "CcPWarloSsUuDA";

// A valid packet with these properties in that place, and with what they need beside them.
Wire placed(Place place, const Wire& properties) {
  const Wire list = sized(properties);
  switch (place) {
    case Place::connect: return packet(0x10, head(5, 2), list, text("me"));
    case Place::connack: return packet(0x20, 0, 0, list);
    case Place::publish: return packet(0x30, text("a"), list);
    case Place::will: return packet(0x10, head(5, 6), no_properties, text("me"), list, text("w"), text("x"));
    case Place::puback: return packet(0x40, two(1), 0, list);
    case Place::pubrec: return packet(0x50, two(1), 0, list);
    case Place::pubrel: return packet(0x62, two(1), 0, list);
    case Place::pubcomp: return packet(0x70, two(1), 0, list);
    case Place::subscribe: return packet(0x82, two(1), list, text("a"), 0);
    case Place::suback: return packet(0x90, two(1), list, 0);
    case Place::unsubscribe: return packet(0xA2, two(1), list, text("a"));
    case Place::unsuback: return packet(0xB0, two(1), list, 0);
    case Place::disconnect: return packet(0xE0, 0, list);
    case Place::auth: return packet(0xF0, 0x18, list);
  }
  return {};
}

struct Row {
  const char* name;
  int identifier;
  Wire value;
  std::string_view places;
  std::string_view often;  // where it may stand more than once
};
void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }
class Properties : public testing::TestWithParam<Row> {};

// MQTT 5.0 §2.2.2.2, table 2-4, once more and in other words than the rows under test.
// clang-format off
INSTANTIATE_TEST_SUITE_P(Property, Properties, testing::ValuesIn(std::vector<Row>{
    // name                               id    a value                        may stand in      often
    {"payload_format_indicator",          0x01, wire(1),                       "PW",             ""},
    {"message_expiry_interval",           0x02, four(60),                      "PW",             ""},
    {"content_type",                      0x03, text("text/plain"),            "PW",             ""},
    {"response_topic",                    0x08, text("answers"),               "PW",             ""},
    {"correlation_data",                  0x09, wire(two(2), 0xFF, 0x00),      "PW",             ""},
    {"subscription_identifier",           0x0B, variable(300),                 "PS",             "P"},
    {"session_expiry_interval",           0x11, four(60),                      "CcD",            ""},
    {"assigned_client_identifier",        0x12, text("auto-1"),                "c",              ""},
    {"server_keep_alive",                 0x13, two(60),                       "c",              ""},
    {"authentication_method",             0x15, text("SCRAM"),                 "CcA",            ""},
    {"request_problem_information",       0x17, wire(0),                       "C",              ""},
    {"will_delay_interval",               0x18, four(60),                      "W",              ""},
    {"request_response_information",      0x19, wire(1),                       "C",              ""},
    {"response_information",              0x1A, text("answers/me"),            "c",              ""},
    {"server_reference",                  0x1C, text("other:1883"),            "cD",             ""},
    {"reason_string",                     0x1F, text("because"),               "carlosuDA",      ""},
    {"receive_maximum",                   0x21, two(20),                       "Cc",             ""},
    {"topic_alias_maximum",               0x22, two(20),                       "Cc",             ""},
    {"topic_alias",                       0x23, two(20),                       "P",              ""},
    {"maximum_qos",                       0x24, wire(1),                       "c",              ""},
    {"retain_available",                  0x25, wire(1),                       "c",              ""},
    {"user_property",                     0x26, wire(text("k"), text("v")),    "CcPWarloSsUuDA", "CcPWarloSsUuDA"},
    {"maximum_packet_size",               0x27, four(1000),                    "Cc",             ""},
    {"wildcard_subscription_available",   0x28, wire(1),                       "c",              ""},
    {"subscription_identifier_available", 0x29, wire(1),                       "c",              ""},
    {"shared_subscription_available",     0x2A, wire(1),                       "c",              ""},
    {"authentication_data",               0x16, wire(two(2), 0xFF, 0x00),      "CcA",            ""},
}), name_of);
// clang-format on

// What a place or a property cannot go without: an AUTH needs its method, and so does authentication data.
Wire company(const Row& row, Place place) {
  const bool is_method = row.identifier == 0x15;
  const bool needs_method =
      place == Place::auth ||
      (row.identifier == 0x16 && row.places.find(static_cast<char>(place)) != std::string_view::npos);
  return needs_method && !is_method ? wire(0x15, text("SCRAM")) : Wire{};
}

TEST_P(Properties, stand_where_the_table_says_and_nowhere_else) {
  const Row& row = GetParam();
  for (const char letter : places) {
    const auto place = static_cast<Place>(letter);
    const auto decoded = decode_wire(placed(place, wire(company(row, place), row.identifier, row.value)), v5);
    const bool may = row.places.find(letter) != std::string_view::npos;
    EXPECT_EQ(static_cast<bool>(decoded), may) << letter;
    if (may || decoded) continue;
    EXPECT_EQ(decoded.error().reason, ReasonCode::malformed_packet) << letter;
    EXPECT_NE(std::string_view{decoded.error().what}.find("is not a property of this packet"),
              std::string_view::npos);
  }
}

TEST_P(Properties, twice_are_a_protocol_error_unless_they_may_repeat) {
  const Row& row = GetParam();
  const Wire one = wire(row.identifier, row.value);
  for (const char letter : row.places) {
    const auto place = static_cast<Place>(letter);
    const auto decoded = decode_wire(placed(place, wire(company(row, place), one, one)), v5);
    const bool may = row.often.find(letter) != std::string_view::npos;
    EXPECT_EQ(static_cast<bool>(decoded), may) << letter;
    if (may || decoded) continue;
    EXPECT_EQ(decoded.error().reason, ReasonCode::protocol_error) << letter;
    EXPECT_NE(std::string_view{decoded.error().what}.find("more than once"), std::string_view::npos);
  }
}

TEST_P(Properties, cut_short_at_any_byte_are_malformed) {
  const Row& row = GetParam();
  const Wire whole = wire(row.identifier, row.value);
  for (const char letter : row.places)
    for (std::size_t size = 1; size < whole.size(); ++size) {
      const auto place = static_cast<Place>(letter);
      const Wire cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
      const auto decoded = decode_wire(placed(place, wire(company(row, place), cut)), v5);
      ASSERT_FALSE(decoded) << letter << ' ' << size;
      EXPECT_EQ(decoded.error().reason, ReasonCode::malformed_packet) << letter << ' ' << size;
    }
}

TEST_P(Properties, are_read_back_as_they_were_sent) {
  const Row& row = GetParam();
  const Wire raw = wire(row.identifier, row.value, user("behind", "it"));
  PropertyReader reader{raw};
  const auto first = reader.next();
  ASSERT_TRUE(first);
  EXPECT_EQ(static_cast<int>(first->id), row.identifier);
  EXPECT_EQ(reader.rest().size(), user("behind", "it").size());
  const auto second = reader.next();
  ASSERT_TRUE(second);
  EXPECT_EQ(second->id, PropertyId::user_property);
  EXPECT_EQ(second->name, "behind");
  EXPECT_EQ(as_text(second->value), "it");
  EXPECT_FALSE(reader.next());
}

TEST(Property, numbers_and_values_are_read_by_their_type) {
  const Wire raw = wire(0x01, 1, 0x13, two(0x1234), 0x02, four(0x12345678), 0x0B, variable(268'435'455), 0x09,
                        wire(two(1), 0xFF), 0x03, text("t"));
  PropertyReader reader{raw};
  EXPECT_EQ(reader.next()->number, 1u);
  EXPECT_EQ(reader.next()->number, 0x1234u);
  EXPECT_EQ(reader.next()->number, 0x12345678u);
  EXPECT_EQ(reader.next()->number, 268'435'455u);
  EXPECT_EQ(reader.next()->value[0], 0xFF);
  EXPECT_EQ(as_text(reader.next()->value), "t");
  EXPECT_FALSE(reader.next());
}

TEST(Property, a_reader_stops_at_what_is_malformed) {
  for (const Wire& bad : {wire(0x7F, 1), wire(0x02, 1, 2), wire(0x26, text("k")), wire(0x0B, 0x80, 0x00)}) {
    const Wire raw = wire(0x01, 1, bad);
    PropertyReader reader{raw};
    EXPECT_TRUE(reader.next());
    EXPECT_FALSE(reader.next()) << hex(bad);
    EXPECT_FALSE(reader.next()) << hex(bad);
  }
}

TEST(Property, only_the_identifiers_of_the_table_are_known) {
  const std::set<int> known{0x01, 0x02, 0x03, 0x08, 0x09, 0x0B, 0x11, 0x12, 0x13,
                            0x15, 0x16, 0x17, 0x18, 0x19, 0x1A, 0x1C, 0x1F, 0x21,
                            0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2A};
  for (int identifier = 0; identifier < 256; ++identifier)
    EXPECT_EQ(row_of(static_cast<std::uint8_t>(identifier)) != nullptr, known.contains(identifier))
        << identifier;
}

}  // namespace
}  // namespace mortise::mqtt
