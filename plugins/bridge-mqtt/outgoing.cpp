#include "outgoing.hpp"

#include <algorithm>
#include <charconv>

#include "mqtt/property.hpp"
#include "mqtt/reader.hpp"
#include "mqtt/topic.hpp"
#include "mqtt/writer.hpp"
#include "rounds.hpp"

namespace mortise::bridge {

namespace {}  // namespace

mqtt::Buffer marked(mqtt::Bytes properties, const Marks& marks) {
  mqtt::Buffer raw;
  mqtt::PropertyReader reader{properties};
  for (mqtt::Bytes before = properties; const auto property = reader.next(); before = reader.rest()) {
    const bool is_mark = property->id == mqtt::PropertyId::user_property &&
                         (property->name == origin_property || property->name == hops_property);
    const mqtt::Bytes bytes = before.first(before.size() - reader.rest().size());
    if (!is_mark) raw.insert(raw.end(), bytes.begin(), bytes.end());
  }
  const auto add = [&raw](std::string_view name, std::string_view value) {
    mqtt::CountingSink counting;
    const auto write = [&](auto& to) {
      to.byte(static_cast<std::uint8_t>(mqtt::PropertyId::user_property));
      to.string(name);
      to.string(value);
    };
    write(counting);
    raw.resize(raw.size() + counting.size());
    mqtt::WritingSink writing{raw.data() + raw.size() - counting.size()};
    write(writing);
  };
  add(origin_property, marks.origin);
  add(hops_property, std::to_string(marks.hops));
  return raw;
}

namespace {

std::optional<std::string> translate(std::string_view topic, const std::string& from,
                                     const std::string& filter, const std::string& to) {
  if (!topic.starts_with(from)) return {};
  const std::string_view name = topic.substr(from.size());
  if (name.empty() || !mqtt::matches(from + filter, topic)) return {};
  return to + std::string{name};
}

// By the subscription it came by; by its topic where overlapping ones leave that open.
const Route* route_of(const mortise_delivery_t& delivery, const LinkSettings& settings, std::string& topic) {
  const std::string_view local = view(delivery.message->topic);
  const auto fits = [&](const Route& route) {
    auto found = remote_topic(route, local);
    if (found) topic = std::move(*found);
    return found.has_value();
  };
  for (std::size_t i = 0; i < delivery.subscription_identifier_count; ++i) {
    const std::uint32_t number = delivery.subscription_identifiers[i];
    if (number >= 1 && number <= settings.out.size() && fits(settings.out[number - 1]))
      return &settings.out[number - 1];
  }
  const auto found = std::ranges::find_if(settings.out, fits);
  return found == settings.out.end() ? nullptr : &*found;
}

}  // namespace

Marks marks_of(mqtt::Bytes properties) {
  Marks marks;
  mqtt::PropertyReader reader{properties};
  while (const auto property = reader.next()) {
    if (property->id != mqtt::PropertyId::user_property) continue;
    const std::string_view value = mqtt::as_text(property->value);
    if (property->name == origin_property) marks.origin = value;
    if (property->name == hops_property)
      std::from_chars(value.data(), value.data() + value.size(), marks.hops);
  }
  return marks;
}

std::optional<std::string> remote_topic(const Route& route, std::string_view local) {
  return translate(local, route.local_prefix, route.filter, route.remote_prefix);
}
std::optional<std::string> local_topic(const Route& route, std::string_view remote) {
  return translate(remote, route.remote_prefix, route.filter, route.local_prefix);
}

Outgoing make_outgoing(const mortise_delivery_t& delivery, const LinkSettings& settings, const Limits& limits,
                       const std::string& node) {
  const mortise_message_view_t& message = *delivery.message;
  Outgoing out;
  out.packet_id = delivery.packet_id;
  out.from_qos_2 = delivery.qos == 2;
  out.qos = std::min(delivery.qos, limits.maximum_qos);
  const auto refuse = [&out](std::string why, mqtt::ReasonCode reason) {
    out.refused = std::move(why);
    out.reason = reason;
    return out;
  };
  const Route* const route = route_of(delivery, settings, out.topic);
  if (!route) {
    out.topic = view(message.topic);
    return refuse("no route any more", mqtt::ReasonCode::implementation_specific_error);
  }
  if (out.topic.size() > mqtt::topic_size_max)
    return refuse("topic too long with its prefix", mqtt::ReasonCode::topic_name_invalid);
  mqtt::Publish packet;
  packet.dup = out.qos != 0 && (delivery.flags & MORTISE_INLINE_DUP) != 0;
  packet.qos = static_cast<mqtt::Qos>(out.qos);
  packet.retain = route->retain && limits.retain && (delivery.flags & MORTISE_INLINE_RETAIN) != 0;
  packet.topic = out.topic;
  packet.packet_id = out.qos == 0 ? mqtt::PacketId{0} : delivery.packet_id;
  packet.payload = {message.payload.data, message.payload.size};
  mqtt::Buffer properties;
  if (settings.is_v5) {
    const mqtt::Bytes raw{message.properties.data, message.properties.size};
    Marks marks = marks_of(raw);
    if (marks.origin == node && marks.hops != 0) return refuse(came_back, mqtt::ReasonCode::success);
    if (marks.origin.empty()) marks.origin = node;
    if (++marks.hops > settings.hops) return refuse(too_many_hops, mqtt::ReasonCode::success);
    properties = marked(raw, marks);
    packet.properties.raw = properties;
    mqtt::PropertyReader reader{raw};
    while (const auto property = reader.next())
      if (property->id == mqtt::PropertyId::payload_format_indicator)
        packet.properties.payload_is_utf8 = property->number == 1;
    if (message.expiry_s != MORTISE_NO_EXPIRY) packet.properties.message_expiry_s = message.expiry_s;
  }
  if (!settings.is_v5)
    out.print = Rounds::print_of(
        out.topic, {reinterpret_cast<const char*>(packet.payload.data()), packet.payload.size()});
  mqtt::encode(packet, settings.is_v5 ? mqtt::Version::v5_0 : mqtt::Version::v3_1_1, out.bytes);
  if (limits.maximum_packet_size != 0 && out.bytes.size() > limits.maximum_packet_size) {
    out.bytes = {};
    return refuse("too large for the remote", mqtt::ReasonCode::implementation_specific_error);
  }
  return out;
}

}  // namespace mortise::bridge
