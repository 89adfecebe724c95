// The part of InlineClient that is called by plugins: each request becomes a packet on its way to the loop.
#include <algorithm>
#include <chrono>

#include "broker/shared.hpp"
#include "host/abi_text.hpp"
#include "host/inline_client.hpp"
#include "host/innards.hpp"
#include "host/instance.hpp"
#include "mqtt/topic.hpp"
#include "mqtt/utf8.hpp"

namespace mortise::host {

namespace {

constexpr auto version = mqtt::Version::v5_0;
constexpr std::uint32_t subscription_identifier_max = 268'435'455;
// Fixed header, identifier, the lengths of topic and properties, and an expiry.
constexpr std::size_t packet_overhead = 5 + 2 + 2 + 4 + 5;

}  // namespace

mortise_status_t InlineClient::put(Request request) {
  const std::lock_guard lock{mutex_};
  return push(std::move(request));
}

// With an identifier of the host's choice.
mortise_status_t InlineClient::put_new(Request request,
                                       const std::function<void(mqtt::PacketId, mqtt::Buffer&)>& encode) {
  const std::lock_guard lock{mutex_};
  do {
    if (++last_id_ == 0) last_id_ = 1;
  } while (used_ids_.contains(last_id_));  // of 65,535 under_way_max are in use at most
  request.packet_id = last_id_;
  encode(last_id_, request.bytes);
  const mortise_status_t status = push(std::move(request));
  if (status == MORTISE_OK) used_ids_.insert(last_id_);
  return status;
}

mortise_status_t InlineClient::push(Request request) {
  if (is_closed_) return MORTISE_E_UNKNOWN;
  // What acknowledges is bounded by what was delivered.
  if (request.expects != mqtt::PacketType{}) {
    if (under_way_.load() >= under_way_max || waiting_bytes_.load() >= waiting_bytes_max)
      return MORTISE_E_BUSY;
    ++under_way_;
  }
  waiting_bytes_ += request.bytes.size();
  requests_.push_back(std::move(request));
  if (!std::exchange(is_posted_, true)) post(&InlineClient::take_requests);
  return MORTISE_OK;
}

void InlineClient::post(Step step) {
  if (!has_begun_) return;  // begin() makes up for it
  if (Loops* const loops = owner_.in.loops.load())
    loops->post(loop_,
                [self = shared_from_this(), step](broker::Broker& broker) { ((*self).*step)(broker); });
}

mortise_status_t InlineClient::subscribe(const mortise_subscription_t& subscription, Reply reply) {
  std::string filter{view_of(subscription.filter)};
  if (subscription.share.data) filter = "$share/" + std::string{view_of(subscription.share)} + "/" + filter;
  const mqtt::SharedFilter parts = mqtt::split_shared(filter);
  if (!parts.valid || !mqtt::is_utf8(filter) || !mqtt::is_topic_filter(filter) || subscription.qos > 2 ||
      subscription.retain_handling > 2 || (parts.shared && subscription.no_local != 0) ||
      subscription.identifier > subscription_identifier_max)
    return MORTISE_E_INVALID;
  if (!owner_.grants.covers_filter(MORTISE_HOST_INLINE, parts.filter)) return MORTISE_E_NOT_GRANTED;
  mqtt::Subscribe packet;
  if (subscription.identifier != 0) packet.subscription_identifier = subscription.identifier;
  packet.entries.push_back({filter,
                            {static_cast<mqtt::Qos>(subscription.qos), subscription.no_local != 0,
                             subscription.retain_as_published != 0,
                             static_cast<mqtt::RetainHandling>(subscription.retain_handling)}});
  return put_new({.type = mqtt::PacketType::subscribe, .expects = mqtt::PacketType::suback, .reply = reply},
                 [&](mqtt::PacketId packet_id, mqtt::Buffer& to) {
                   packet.packet_id = packet_id;
                   mqtt::encode(packet, version, to);
                 });
}

mortise_status_t InlineClient::unsubscribe(std::string_view filter, Reply reply) {
  if (!mqtt::is_utf8(filter) || !mqtt::is_topic_filter(filter)) return MORTISE_E_INVALID;
  mqtt::Unsubscribe packet;
  packet.filters.push_back(filter);
  return put_new(
      {.type = mqtt::PacketType::unsubscribe, .expects = mqtt::PacketType::unsuback, .reply = reply},
      [&](mqtt::PacketId packet_id, mqtt::Buffer& to) {
        packet.packet_id = packet_id;
        mqtt::encode(packet, version, to);
      });
}

// What would end the client, as it ends any client that does not keep to the limits.
mortise_status_t InlineClient::may_take(const broker::Message& message) const {
  const broker::Shared* const shared = owner_.in.shared.load();
  if (!shared) return MORTISE_E_STATE;
  if (!owner_.grants.covers(MORTISE_HOST_INLINE, message.topic())) return MORTISE_E_NOT_GRANTED;
  const std::shared_ptr<const broker::Options> options = shared->options();
  const bool fits =
      message.topic().size() <= options->topic_length_max &&
      mqtt::level_count(message.topic()) <= options->topic_levels_max &&
      message.size() + message.properties().size() + packet_overhead <= options->packet_size_max;
  return fits ? MORTISE_OK : MORTISE_E_LIMIT;
}

mortise_status_t InlineClient::publish(const broker::Message& message, mqtt::PacketId packet_id,
                                       Reply reply) {
  const mqtt::Qos qos = message.qos();
  if ((qos == mqtt::Qos::exactly_once) != (packet_id != 0)) return MORTISE_E_INVALID;
  if (const mortise_status_t status = may_take(message); status != MORTISE_OK) return status;
  mqtt::Publish packet;
  packet.qos = qos;
  packet.retain = message.retain();
  packet.topic = message.topic();
  packet.packet_id = packet_id;
  packet.payload = message.payload();
  packet.properties.raw = message.properties();
  packet.properties.payload_is_utf8 = message.payload_is_utf8();
  if (message.expires() != base::WallTime::max()) {
    const auto left =
        std::chrono::duration_cast<std::chrono::seconds>(message.expires() - owner_.in.wall()).count();
    packet.properties.message_expiry_s =
        static_cast<std::uint32_t>(std::clamp<std::int64_t>(left, 0, UINT32_MAX));
  }
  Request request{.type = mqtt::PacketType::publish, .packet_id = packet_id, .reply = reply};
  request.is_counted = qos != mqtt::Qos::at_most_once;
  if (qos == mqtt::Qos::at_least_once) {
    request.expects = mqtt::PacketType::puback;
    return put_new(std::move(request), [&](mqtt::PacketId chosen, mqtt::Buffer& to) {
      packet.packet_id = chosen;
      mqtt::encode(packet, version, to);
    });
  }
  request.expects = qos == mqtt::Qos::exactly_once ? mqtt::PacketType::pubrec : taken_is_enough;
  mqtt::encode(packet, version, request.bytes);
  return put(std::move(request));
}

mortise_status_t InlineClient::complete(mqtt::PacketId packet_id, Reply reply) {
  if (packet_id == 0) return MORTISE_E_INVALID;
  Request request{.type = mqtt::PacketType::pubrel,
                  .expects = mqtt::PacketType::pubcomp,
                  .packet_id = packet_id,
                  .reply = reply};
  mqtt::encode(mqtt::Pubrel{.packet_id = packet_id}, version, request.bytes);
  return put(std::move(request));
}

mortise_status_t InlineClient::acknowledge(mqtt::PacketId packet_id, mqtt::ReasonCode reason) {
  if (packet_id == 0) return MORTISE_E_INVALID;
  return put({.type = mqtt::PacketType::puback, .packet_id = packet_id, .reason = reason});
}

mortise_status_t InlineClient::received(mqtt::PacketId packet_id, mqtt::ReasonCode reason) {
  if (packet_id == 0) return MORTISE_E_INVALID;
  return put({.type = mqtt::PacketType::pubrec, .packet_id = packet_id, .reason = reason});
}

mortise_status_t InlineClient::credit(std::uint32_t more) {
  const std::lock_guard lock{mutex_};
  if (is_closed_) return MORTISE_E_UNKNOWN;
  if (new_credits_ == 0) post(&InlineClient::take_credit);
  new_credits_ += more;
  return MORTISE_OK;
}

mortise_status_t InlineClient::close(bool end_session) {
  mqtt::Disconnect packet;
  if (end_session && how_.session_expiry_s != 0) packet.session_expiry_s = 0;
  Request request{.type = mqtt::PacketType::disconnect};
  mqtt::encode(packet, version, request.bytes);
  return put(std::move(request));
}

}  // namespace mortise::host
