#include "mqtt/publish_image.hpp"

#include <algorithm>
#include <array>

#include "base/contract.hpp"
#include "mqtt/property.hpp"
#include "mqtt/writer.hpp"

namespace mortise::mqtt {
namespace {

constexpr std::size_t expiry_size = 5;  // identifier and four bytes
constexpr std::size_t alias_size = 3;   // identifier and two bytes
constexpr std::uint8_t dup_bit = 0x08;

// What a server passes on unaltered.  [MQTT-3.3.2-4] [MQTT-3.3.2-15] [MQTT-3.3.2-16] [MQTT-3.3.2-17]
// [MQTT-3.3.2-20]
bool is_forwardable(PropertyId id) {
  switch (id) {
    case PropertyId::payload_format_indicator:
    case PropertyId::content_type:
    case PropertyId::response_topic:
    case PropertyId::correlation_data:
    case PropertyId::user_property: return true;
    default: return false;
  }
}

template <class Visit>
void each_forwardable(Bytes raw, Visit visit) {
  PropertyReader reader{raw};
  Bytes from = raw;
  while (const auto property = reader.next()) {
    if (is_forwardable(property->id)) visit(from.first(from.size() - reader.rest().size()));
    from = reader.rest();
  }
}

std::size_t identifiers_size(std::span<const std::uint32_t> identifiers) {
  std::size_t size = 0;
  for (const std::uint32_t identifier : identifiers) {
    MORTISE_EXPECT(identifier >= 1 && identifier <= variable_maximum);
    size += 1 + variable_size(identifier);
  }
  return size;
}

std::size_t variable_size_of(std::size_t value) {
  MORTISE_EXPECT(value <= variable_maximum);
  return variable_size(static_cast<std::uint32_t>(value));
}

bool leaves_out_topic(TopicAlias alias) { return alias.number != 0 && !alias.is_new; }

}  // namespace

void PublishImage::make(Version version, Qos qos, bool retain, std::string_view topic, Bytes forward,
                        std::optional<std::uint32_t> expiry_s, Bytes payload, bool inline_payload) {
  const bool v5 = version == Version::v5_0;
  const std::size_t packet_id_size = qos == Qos::at_most_once ? 0 : 2;
  version_ = version;
  has_packet_id_ = packet_id_size != 0;
  first_byte_ = static_cast<std::uint8_t>(static_cast<unsigned>(PacketType::publish) << 4 |
                                          static_cast<unsigned>(qos) << 1 | (retain ? 0x01 : 0x00));
  properties_size_ = v5 ? forward.size() + (expiry_s ? expiry_size : 0) : 0;
  packet_id_at_ = 2 + topic.size();
  properties_at_ = packet_id_at_ + packet_id_size;
  const std::size_t variable_header =
      properties_at_ + (v5 ? variable_size_of(properties_size_) + properties_size_ : 0);
  remaining_ = variable_header + payload.size();
  head_size_ = 1 + variable_size_of(remaining_);
  MORTISE_EXPECT(topic.size() <= 0xFFFF);

  bytes_.resize(head_size_ + variable_header + (inline_payload ? payload.size() : 0));
  WritingSink sink{bytes_.data()};
  sink.byte(first_byte_);
  sink.variable(remaining_);
  sink.string(topic);
  if (has_packet_id_) sink.two_bytes(0);
  if (v5) {
    sink.variable(properties_size_);
    if (expiry_s) {
      sink.byte(static_cast<std::uint8_t>(PropertyId::message_expiry_interval));
      sink.four_bytes(*expiry_s);
    }
    sink.bytes(forward);
  }
  if (inline_payload) sink.bytes(payload);
  MORTISE_EXPECT(sink.at() == bytes_.data() + bytes_.size());
}

void PublishImage::append_changed(Buffer& out, PacketId packet_id, bool dup,
                                  std::span<const std::uint32_t> subscription_identifiers,
                                  TopicAlias alias) const {
  MORTISE_EXPECT((packet_id != 0) == has_packet_id_);
  MORTISE_EXPECT(has_packet_id_ || !dup);  // [MQTT-3.3.1-2]
  const std::size_t before = out.size();
  std::size_t packet_id_at = head_size_ + packet_id_at_;
  if ((subscription_identifiers.empty() && alias.number == 0) || version_ != Version::v5_0) [[likely]]
    out.insert(out.end(), bytes_.begin(), bytes_.end());
  else
    packet_id_at = append_with(out, subscription_identifiers, alias);
  if (!has_packet_id_) return;
  std::uint8_t* packet = out.data() + before;
  if (dup) packet[0] |= dup_bit;
  WritingSink{packet + packet_id_at}.two_bytes(packet_id);
}

// Returns where in the packet its identifier stands, if it has one.
std::size_t PublishImage::append_with(Buffer& out, std::span<const std::uint32_t> identifiers,
                                      TopicAlias alias) const {
  const Sizes sizes = sizes_with(identifiers, alias);
  const Bytes rest = Bytes{bytes_}.subspan(head_size_);  // the variable header and what is inline
  const Bytes fixed = rest.subspan(properties_at_ + variable_size_of(properties_size_));
  const Bytes packet_id = rest.subspan(packet_id_at_, properties_at_ - packet_id_at_);
  constexpr std::array<std::uint8_t, 2> no_topic{0, 0};
  const Bytes topic = leaves_out_topic(alias) ? Bytes{no_topic} : rest.first(packet_id_at_);
  const std::size_t before = out.size();
  const std::size_t head_size = 1 + variable_size_of(sizes.remaining);
  const std::size_t own = sizes.properties - properties_size_;
  out.resize(before + head_size + topic.size() + packet_id.size() + variable_size_of(sizes.properties) + own +
             fixed.size());

  WritingSink sink{out.data() + before};
  sink.byte(first_byte_);
  sink.variable(sizes.remaining);
  sink.bytes(topic);
  sink.bytes(packet_id);
  sink.variable(sizes.properties);
  sink.bytes(fixed.first(properties_size_));
  for (const std::uint32_t identifier : identifiers) {
    sink.byte(static_cast<std::uint8_t>(PropertyId::subscription_identifier));
    sink.variable(identifier);
  }
  if (alias.number != 0) {
    sink.byte(static_cast<std::uint8_t>(PropertyId::topic_alias));
    sink.two_bytes(alias.number);
  }
  sink.bytes(fixed.subspan(properties_size_));
  MORTISE_EXPECT(sink.at() == out.data() + out.size());
  return head_size + topic.size();
}

PublishImage::Sizes PublishImage::sizes_with(std::span<const std::uint32_t> identifiers,
                                             TopicAlias alias) const {
  if (version_ != Version::v5_0) return {.properties = 0, .remaining = remaining_};
  const std::size_t properties =
      properties_size_ + identifiers_size(identifiers) + (alias.number == 0 ? 0 : alias_size);
  const std::size_t before = variable_size_of(properties_size_) + properties_size_;
  const std::size_t left_out = leaves_out_topic(alias) ? packet_id_at_ - 2 : 0;
  return {.properties = properties,
          .remaining = remaining_ - before - left_out + variable_size_of(properties) + properties};
}

std::size_t PublishImage::packet_size(std::span<const std::uint32_t> subscription_identifiers,
                                      TopicAlias alias) const {
  const std::size_t remaining = sizes_with(subscription_identifiers, alias).remaining;
  return 1 + variable_size_of(remaining) + remaining;
}

std::size_t forwardable_size(Bytes raw) {
  std::size_t size = 0;
  each_forwardable(raw, [&](Bytes property) { size += property.size(); });
  return size;
}

void copy_forwardable(Bytes raw, std::span<std::uint8_t> out) {
  std::size_t at = 0;
  each_forwardable(raw, [&](Bytes property) {
    MORTISE_EXPECT(property.size() <= out.size() - at);
    std::copy(property.begin(), property.end(), out.begin() + static_cast<std::ptrdiff_t>(at));
    at += property.size();
  });
  MORTISE_EXPECT(at == out.size());
}

}  // namespace mortise::mqtt
