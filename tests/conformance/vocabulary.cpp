#include "vocabulary.hpp"

#include <array>
#include <utility>

namespace mortise::conformance {

namespace {

using Id = mqtt::PropertyId;

constexpr std::array<std::pair<Id, std::string_view>, 27> properties{{
    {Id::payload_format_indicator, "payload_format_indicator"},
    {Id::message_expiry_interval, "message_expiry_interval"},
    {Id::content_type, "content_type"},
    {Id::response_topic, "response_topic"},
    {Id::correlation_data, "correlation_data"},
    {Id::subscription_identifier, "subscription_identifier"},
    {Id::session_expiry_interval, "session_expiry_interval"},
    {Id::assigned_client_identifier, "assigned_client_identifier"},
    {Id::server_keep_alive, "server_keep_alive"},
    {Id::authentication_method, "authentication_method"},
    {Id::authentication_data, "authentication_data"},
    {Id::request_problem_information, "request_problem_information"},
    {Id::will_delay_interval, "will_delay_interval"},
    {Id::request_response_information, "request_response_information"},
    {Id::response_information, "response_information"},
    {Id::server_reference, "server_reference"},
    {Id::reason_string, "reason_string"},
    {Id::receive_maximum, "receive_maximum"},
    {Id::topic_alias_maximum, "topic_alias_maximum"},
    {Id::topic_alias, "topic_alias"},
    {Id::maximum_qos, "maximum_qos"},
    {Id::retain_available, "retain_available"},
    {Id::user_property, "user_property"},
    {Id::maximum_packet_size, "maximum_packet_size"},
    {Id::wildcard_subscription_available, "wildcard_subscription_available"},
    {Id::subscription_identifier_available, "subscription_identifier_available"},
    {Id::shared_subscription_available, "shared_subscription_available"},
}};

constexpr std::array<std::string_view, 16> packet_types{
    "",          "connect", "connack",     "publish",  "puback",  "pubrec",   "pubrel",     "pubcomp",
    "subscribe", "suback",  "unsubscribe", "unsuback", "pingreq", "pingresp", "disconnect", "auth"};

}  // namespace

std::optional<Id> property_of(std::string_view word) {
  for (const auto& [id, name] : properties)
    if (name == word) return id;
  return {};
}

std::string_view word_of(Id id) {
  for (const auto& [known, name] : properties)
    if (known == id) return name;
  return "unknown_property";
}

std::string word_of(mqtt::ReasonCode code) {
  std::string word;
  for (const char c : mqtt::text_of(code)) {
    if (c == '-') continue;
    word += c == ' ' ? '_' : c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return word;
}

std::optional<mqtt::ReasonCode> reason_of(std::string_view word) {
  // One number with three names, by the packet it stands in.
  if (word == "normal_disconnection" || word == "granted_qos_0") return mqtt::ReasonCode::success;
  for (int code = 0; code < 256; ++code) {
    const auto reason = static_cast<mqtt::ReasonCode>(code);
    if (word_of(reason) == word && word != "unknown_reason_code") return reason;
  }
  return {};
}

std::optional<mqtt::PacketType> packet_type_of(std::string_view word) {
  for (std::size_t i = 1; i < packet_types.size(); ++i)
    if (packet_types[i] == word) return static_cast<mqtt::PacketType>(i);
  return {};
}

std::string_view word_of(mqtt::PacketType type) { return packet_types[static_cast<std::size_t>(type)]; }

std::string quote(std::string_view text) {
  constexpr std::size_t shown = 60;
  constexpr std::string_view digits = "0123456789abcdef";
  std::string quoted = "\"";
  for (const char c : text.substr(0, shown)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      (quoted += '\\') += c;
    else if (byte >= 0x20 && byte < 0x7F)
      quoted += c;
    else
      ((quoted += "\\x") += digits[byte >> 4]) += digits[byte & 15];
  }
  quoted += '"';
  return text.size() > shown ? quoted + "… of " + std::to_string(text.size()) + " bytes" : quoted;
}

std::string to_text(const Expected& packet) {
  std::string text{word_of(packet.type)};
  if (packet.type == mqtt::PacketType::publish) {
    text += ' ' + quote(packet.topic) + ' ' + quote(packet.payload) + " qos " + std::to_string(packet.qos);
    if (packet.retain) text += " retain";
    if (packet.dup) text += " dup";
  }
  for (const mqtt::ReasonCode code : packet.reasons) text += ' ' + word_of(code);
  if (packet.session_present) text += *packet.session_present ? " session_present" : " no session_present";
  if (!packet.id.empty()) text += " id " + packet.id;
  for (const Property& property : packet.properties) {
    ((text += ' ') += word_of(property.id)) += ' ';
    const mqtt::PropertyType type = mqtt::row_of(property.id).type;
    if (type == mqtt::PropertyType::pair)
      text += quote(property.name) + ' ' + quote(property.value);
    else if (type == mqtt::PropertyType::string || type == mqtt::PropertyType::binary)
      text += quote(property.value);
    else
      text += std::to_string(property.number);
  }
  for (const Id id : packet.absent) (text += " no ") += word_of(id);
  return text;
}

}  // namespace mortise::conformance
