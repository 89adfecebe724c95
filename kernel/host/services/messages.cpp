#include <algorithm>
#include <vector>

#include "host/abi_text.hpp"
#include "host/host_table.hpp"
#include "host/innards.hpp"
#include "host/instance.hpp"
#include "mqtt/property.hpp"
#include "mqtt/topic.hpp"
#include "mqtt/utf8.hpp"
#include "mqtt/writer.hpp"

namespace mortise::host {

namespace {

using mqtt::PropertyId;

// Those a server passes on; the expiry has a field of its own.
bool is_forwardable(std::uint8_t id) {
  switch (static_cast<PropertyId>(id)) {
    case PropertyId::payload_format_indicator:
    case PropertyId::content_type:
    case PropertyId::response_topic:
    case PropertyId::correlation_data:
    case PropertyId::user_property: return true;
    default: return false;
  }
}

bool is_sound(const mqtt::Property& property) {
  const std::string_view text{reinterpret_cast<const char*>(property.value.data()), property.value.size()};
  if (property.value.size() > 65'535 || property.name.size() > 65'535) return false;
  switch (property.id) {
    case PropertyId::payload_format_indicator: return property.number <= 1;
    case PropertyId::content_type: return mqtt::is_utf8(text);
    case PropertyId::response_topic: return mqtt::is_utf8(text) && mqtt::is_topic_name(text);
    case PropertyId::correlation_data: return true;
    default: return mqtt::is_utf8(text) && mqtt::is_utf8(property.name);
  }
}

// Collects the properties of a message in wire encoding.
class Properties {
 public:
  // False: one that a message cannot have, or that it has already.
  bool add(const mqtt::Property& property) {
    const auto id = static_cast<std::uint8_t>(property.id);
    if (!is_forwardable(id) || !is_sound(property)) return false;
    const bool again = std::ranges::find(seen_, id) != seen_.end();
    if (again && property.id != PropertyId::user_property) return false;
    seen_.push_back(id);
    if (property.id == PropertyId::payload_format_indicator) is_utf8_ = property.number == 1;
    mqtt::CountingSink counting;
    write(property, counting);
    wire_.resize(wire_.size() + counting.size());
    mqtt::WritingSink writing{wire_.data() + wire_.size() - counting.size()};
    write(property, writing);
    return true;
  }
  bool add_all(mqtt::Bytes raw, std::span<const std::uint8_t> removed) {
    mqtt::PropertyReader reader{raw};
    while (const auto property = reader.next()) {
      const auto id = static_cast<std::uint8_t>(property->id);
      // A will's list holds more than its message keeps.
      if (std::ranges::find(removed, id) != removed.end() || !is_forwardable(id)) continue;
      if (!add(*property)) return false;
    }
    return reader.rest().empty();
  }
  mqtt::Bytes wire() const { return wire_; }
  bool payload_is_utf8() const { return is_utf8_; }

 private:
  template <class Sink>
  static void write(const mqtt::Property& property, Sink& to) {
    to.byte(static_cast<std::uint8_t>(property.id));
    if (property.id == PropertyId::payload_format_indicator)
      return to.byte(static_cast<std::uint8_t>(property.number));
    if (property.id == PropertyId::user_property) to.string(property.name);
    to.binary(property.value);
  }

  std::vector<std::uint8_t> wire_;
  std::vector<std::uint8_t> seen_;
  bool is_utf8_ = false;
};

mqtt::Property property_of(const mortise_property_t& given) {
  mqtt::Property property;
  property.id = static_cast<PropertyId>(given.id);
  property.number = given.number;
  property.value = view_of(given.value);
  property.name = view_of(given.name);
  return property;
}

base::WallTime expiry(std::uint32_t seconds, base::WallTime now) {
  return seconds == MORTISE_NO_EXPIRY ? base::WallTime::max() : now + std::chrono::seconds{seconds};
}

broker::MessageParts base_parts(const mortise_message_view_t& base, base::WallTime now) {
  if (base.context) return parts_of(*static_cast<const broker::Message*>(base.context));
  broker::MessageParts parts;
  parts.topic = view_of(base.topic);
  parts.payload = view_of(base.payload);
  parts.raw_properties = view_of(base.properties);
  parts.publisher = view_of(base.publisher);
  parts.username = view_of(base.username);
  parts.qos = static_cast<mqtt::Qos>(base.qos);
  parts.retain = base.retain != 0;
  parts.received =
      base.received_unix_ms != 0 ? base::from_unix_ms(static_cast<std::int64_t>(base.received_unix_ms)) : now;
  parts.expires = expiry(base.expiry_s, now);
  return parts;
}

bool is_sound(const broker::MessageParts& parts) {
  return mqtt::is_topic_name(parts.topic) && mqtt::is_utf8(parts.topic) &&
         static_cast<unsigned>(parts.qos) <= 2 && parts.publisher.size() <= 65'535 &&
         parts.username.size() <= 65'535 && parts.payload.size() <= 268'435'455;
}

void apply(const mortise_edit_t& edit, base::WallTime now, broker::MessageParts& parts) {
  if (edit.set & MORTISE_SET_TOPIC) parts.topic = view_of(edit.topic);
  if (edit.set & MORTISE_SET_PAYLOAD) parts.payload = view_of(edit.payload);
  if (edit.set & MORTISE_SET_QOS) parts.qos = static_cast<mqtt::Qos>(edit.qos);
  if (edit.set & MORTISE_SET_RETAIN) parts.retain = edit.retain != 0;
  if (edit.set & MORTISE_SET_EXPIRY) parts.expires = expiry(edit.expiry_s, now);
}

mortise_status_t make(const mortise_host_t* host, const mortise_message_view_t* base,
                      const mortise_edit_t* edit, mortise_message_t** out) {
  Instance& instance = Instance::of(host);
  if (!instance.is_open() && !instance.is(State::stopping)) return MORTISE_E_STATE;
  if (!out || (base && !MORTISE_HAS(base, context)) || (edit && !MORTISE_HAS(edit, add_count)))
    return MORTISE_E_INVALID;
  if (!base && !edit) return MORTISE_E_INVALID;
  return as_status([&]() -> mortise_status_t {
    const base::WallTime now = instance.in.wall();
    broker::MessageParts parts;
    if (base) {
      parts = base_parts(*base, now);
    } else {
      parts.publisher = instance.name();
      parts.received = now;
    }
    Properties properties;
    const bool cleared = edit && (edit->set & MORTISE_CLEAR_PROPERTIES);
    const std::span<const std::uint8_t> removed =
        edit && edit->remove ? std::span{edit->remove, edit->remove_count} : std::span<const std::uint8_t>{};
    if (!cleared && !properties.add_all(parts.raw_properties, removed)) return MORTISE_E_INVALID;
    if (edit) {
      apply(*edit, now, parts);
      for (std::size_t i = 0; i < edit->add_count; ++i)
        if (!properties.add(property_of(edit->add[i]))) return MORTISE_E_INVALID;
    }
    parts.raw_properties = properties.wire();
    parts.payload_is_utf8 = properties.payload_is_utf8();
    if (!is_sound(parts)) return MORTISE_E_INVALID;
    parts.level = instance.in.level_of(parts.topic);
    *out = MessageHandle::make(broker::Message::make(parts, instance.accounts), now, true).detach();
    return MORTISE_OK;
  });
}

mortise_message_t* ref(const mortise_host_t* host, const mortise_message_view_t* view) {
  Instance& instance = Instance::of(host);
  if (!view || !MORTISE_HAS(view, context) || instance.is(State::stopped)) return nullptr;
  mortise_message_t* message = nullptr;
  const mortise_status_t status = as_status([&]() -> mortise_status_t {
    if (!view->context) {  // a will is no message yet
      mortise_edit_t unchanged{};
      unchanged.size = sizeof unchanged;
      return make(host, view, &unchanged, &message);
    }
    message = MessageHandle::make(share(*static_cast<const broker::Message*>(view->context)),
                                  instance.in.wall(), false)
                  .detach();
    return MORTISE_OK;
  });
  return status == MORTISE_OK ? message : nullptr;
}

void unref(const mortise_host_t*, mortise_message_t* message) { MessageHandle::release(message); }

const mortise_message_view_t* view(const mortise_host_t*, mortise_message_t* message) {
  return message ? &message->view : nullptr;
}

mortise_status_t next(mortise_bytes_t properties, std::size_t* cursor, mortise_property_t* out) {
  if (!cursor || !out || *cursor > properties.size) return MORTISE_E_INVALID;
  return as_status([&]() -> mortise_status_t {
    const mqtt::Bytes all = view_of(properties);
    mqtt::PropertyReader reader{all.subspan(*cursor)};
    const auto property = reader.next();
    if (!property) return reader.rest().empty() ? MORTISE_E_END : MORTISE_E_INVALID;
    *cursor = all.size() - reader.rest().size();
    *out = {};
    out->id = static_cast<std::uint8_t>(property->id);
    out->type = static_cast<std::uint8_t>(property->type);
    out->number = property->number;
    out->value = abi_bytes(property->value);
    if (property->name.data()) out->name = abi_str(property->name);
    return MORTISE_OK;
  });
}

std::int32_t matches(mortise_str_t filter, mortise_str_t topic) {
  if (!mqtt::is_topic_filter(view_of(filter)) || !mqtt::is_topic_name(view_of(topic)))
    return MORTISE_E_INVALID;
  return mqtt::matches(view_of(filter), view_of(topic)) ? 1 : 0;
}

constexpr mortise_messages_t table{sizeof table, 0, &ref, &unref, &view, &make, &next, &matches};

}  // namespace

const mortise_messages_t& messages_service() { return table; }

}  // namespace mortise::host
