#include "mqtt/property.hpp"

#include <array>
#include <cstddef>

#include "mqtt/property_check.hpp"

namespace mortise::mqtt {
namespace {

using enum PacketType;
using Id = PropertyId;
using Type = PropertyType;

constexpr PacketSet answers =
    in(connack, puback, pubrec, pubrel, pubcomp, suback, unsuback, disconnect, auth);
constexpr PacketSet messages = in(publish, will_properties);
constexpr PacketSet every = answers | messages | in(connect, subscribe, unsubscribe);

struct Range {
  std::uint32_t minimum = 0;
  std::uint32_t maximum = 0xFFFFFFFF;
};
constexpr Range flag{0, 1};
constexpr Range not_zero{.minimum = 1};

template <Text Name>
constexpr PropertyRow row(Id id, Type type, PacketSet packets, PacketSet fields, Range range = {}) {
  return {.id = id,
          .type = type,
          .packets = packets,
          .fields = fields,
          .minimum = range.minimum,
          .maximum = range.maximum,
          .texts = property_texts<Name>};
}
constexpr PropertyRow repeatable_in(PacketSet packets, PropertyRow row) {
  row.repeatable = packets;
  return row;
}
constexpr PropertyRow topic_name(PropertyRow row) {
  row.is_topic_name = true;
  return row;
}

// clang-format off
constexpr PropertyRow rows[] = {
    //   name in sentences                     identifier                      type              packets                       with a field            range
    row<"payload format indicator">          (Id::payload_format_indicator,    Type::byte,       messages,                     messages,                flag),
    row<"message expiry interval">           (Id::message_expiry_interval,     Type::four_bytes, messages,                     messages),
    row<"content type">                      (Id::content_type,                Type::string,     messages,                     0),
    topic_name(row<"response topic">         (Id::response_topic,              Type::string,     messages,                     0)),
    row<"correlation data">                  (Id::correlation_data,            Type::binary,     messages,                     0),
    repeatable_in(in(publish),
    row<"subscription identifier">           (Id::subscription_identifier,     Type::variable,   in(publish, subscribe),       in(subscribe),           not_zero)),
    row<"session expiry interval">           (Id::session_expiry_interval,     Type::four_bytes, in(connect, connack, disconnect), in(connect, connack, disconnect)),
    row<"assigned client identifier">        (Id::assigned_client_identifier,  Type::string,     in(connack),                  in(connack)),
    row<"server keep alive">                 (Id::server_keep_alive,           Type::two_bytes,  in(connack),                  in(connack)),
    row<"authentication method">             (Id::authentication_method,       Type::string,     in(connect, connack, auth),   in(connect, connack, auth)),
    row<"authentication data">               (Id::authentication_data,         Type::binary,     in(connect, connack, auth),   in(connect, connack, auth)),
    row<"request problem information">       (Id::request_problem_information, Type::byte,       in(connect),                  in(connect),             flag),
    row<"will delay interval">               (Id::will_delay_interval,         Type::four_bytes, in(will_properties),          in(will_properties)),
    row<"request response information">      (Id::request_response_information,Type::byte,       in(connect),                  in(connect),             flag),
    row<"response information">              (Id::response_information,        Type::string,     in(connack),                  in(connack)),
    row<"server reference">                  (Id::server_reference,            Type::string,     in(connack, disconnect),      in(connack, disconnect)),
    row<"reason string">                     (Id::reason_string,               Type::string,     answers,                      answers),
    row<"receive maximum">                   (Id::receive_maximum,             Type::two_bytes,  in(connect, connack),         in(connect, connack),    not_zero),
    row<"topic alias maximum">               (Id::topic_alias_maximum,         Type::two_bytes,  in(connect, connack),         in(connect, connack)),
    row<"topic alias">                       (Id::topic_alias,                 Type::two_bytes,  in(publish),                  in(publish),             not_zero),
    row<"maximum QoS">                       (Id::maximum_qos,                 Type::byte,       in(connack),                  in(connack),             flag),
    row<"retain available">                  (Id::retain_available,            Type::byte,       in(connack),                  in(connack),             flag),
    repeatable_in(every,
    row<"user property">                     (Id::user_property,               Type::pair,       every,                        0)),
    row<"maximum packet size">               (Id::maximum_packet_size,         Type::four_bytes, in(connect, connack),         in(connect, connack),    not_zero),
    row<"wildcard subscription available">   (Id::wildcard_subscription_available,   Type::byte, in(connack),                  in(connack),             flag),
    row<"subscription identifier available"> (Id::subscription_identifier_available, Type::byte, in(connack),                  in(connack),             flag),
    row<"shared subscription available">     (Id::shared_subscription_available,     Type::byte, in(connack),                  in(connack),             flag),
};
// clang-format on

constexpr std::size_t identifiers = 0x2B;
constexpr auto row_by_identifier = [] {
  std::array<const PropertyRow*, identifiers> by{};
  for (const PropertyRow& row : rows) by[static_cast<std::size_t>(row.id)] = &row;
  return by;
}();

}  // namespace

const PropertyRow* row_of(std::uint8_t identifier) {
  return identifier < identifiers ? row_by_identifier[identifier] : nullptr;
}

std::optional<Property> PropertyReader::next() {
  if (rest_.empty()) return std::nullopt;
  const PropertyRow* row = row_of(rest_[0]);
  Reader reader{rest_.subspan(1)};
  if (row == nullptr) reader.fail({ReasonCode::malformed_packet, unknown_property});
  const Property property = row == nullptr ? Property{} : read_value(reader, *row);
  const bool read = !reader.failed();
  rest_ = reader.take_rest();
  return read ? std::optional{property} : std::nullopt;
}

}  // namespace mortise::mqtt
