#include "host/inline_client.hpp"

#include <array>

#include "broker/output.hpp"
#include "broker/shared.hpp"
#include "host/abi_text.hpp"
#include "host/innards.hpp"
#include "host/instance.hpp"
#include "host/message_handle.hpp"
#include "mqtt/decode.hpp"
#include "mqtt/property.hpp"

namespace mortise::host {

namespace {

constexpr auto version = mqtt::Version::v5_0;
constexpr std::uint16_t receive_maximum_default = 64;
constexpr std::size_t read_step = 64UL << 10;  // bytes that are taken from the broker at a time
std::uint32_t key_of(mqtt::PacketType type, mqtt::PacketId packet_id) {
  return static_cast<std::uint32_t>(type) << 16 | packet_id;
}

std::string user_of(const Instance& owner, const mortise_inline_open_t& how) {
  return std::string{how.username.data ? view_of(how.username) : std::string_view{owner.name()}};
}

}  // namespace

InlineClient::InlineClient(Instance& owner, std::uint64_t id, const broker::Listener& listener,
                           const mortise_inline_open_t& how)
    : owner_{owner},
      id_{id},
      listener_{listener},
      how_{how},
      client_id_{std::string{broker::inline_prefix} + owner.name() + "/" +
                 std::string{view_of(how.client_id)}},
      username_{user_of(owner, how)},
      credits_{how.credits} {}

// ---- to the broker, on the loop

void InlineClient::begin(std::uint32_t loop) {
  const std::lock_guard lock{mutex_};
  loop_ = loop;
  has_begun_ = true;
  post(&InlineClient::connect);
  // What was requested before there were loops was posted nowhere.
  if (is_posted_) post(&InlineClient::take_requests);
  if (new_credits_ != 0) post(&InlineClient::take_credit);
}

void InlineClient::connect(broker::Broker& broker) {
  key_ = broker.on_open(listener_, "plugin " + owner_.name());
  owner_.in.inline_clients.enter(shared_from_this());
  mqtt::Connect packet;
  packet.clean_start = (how_.flags & MORTISE_INLINE_CLEAN_START) != 0;
  packet.client_id = client_id_;
  packet.username = username_;
  packet.session_expiry_s = how_.session_expiry_s;
  packet.receive_maximum = how_.receive_maximum != 0 ? how_.receive_maximum : receive_maximum_default;
  mqtt::Buffer bytes;
  mqtt::encode(packet, bytes);
  broker.on_input(key_, bytes);  // whole: nobody is asked about it, and it is at home here
  broker.limit_queue(key_, {how_.queue_messages, how_.queue_bytes, std::chrono::seconds{how_.queue_age_s}});
}

void InlineClient::take_requests(broker::Broker& broker) {
  std::vector<Request> taken;
  {
    const std::lock_guard lock{mutex_};
    taken.swap(requests_);
    is_posted_ = false;
  }
  for (Request& request : taken) take(std::move(request));
  if (is_over_)
    finish();
  else
    feed(broker);
}

void InlineClient::take_credit(broker::Broker& broker) {
  {
    const std::lock_guard lock{mutex_};
    credits_ += std::exchange(new_credits_, 0);
  }
  if (!is_over_) read(broker);
}

void InlineClient::take(Request request) {
  const bool acknowledges =
      request.type == mqtt::PacketType::puback || request.type == mqtt::PacketType::pubrec;
  if (acknowledges) return settle(std::move(request));
  (request.type == mqtt::PacketType::publish ? publishes_ : acknowledgements_).push_back(std::move(request));
}

// The plugin's word about a message, as the packet that the message's stage asks for.
void InlineClient::settle(Request request) {
  const auto found = stages_.find(request.packet_id);
  const auto send = [&](const auto& packet) {
    mqtt::encode(packet, version, request.bytes);
    waiting_bytes_ += request.bytes.size();
    acknowledgements_.push_back(std::move(request));
  };
  if (found == stages_.end()) {
    if (request.type == mqtt::PacketType::puback)
      send(mqtt::Puback{.packet_id = request.packet_id, .reason = request.reason});
    return;  // received() of what is none of its messages: nothing
  }
  Stage& stage = found->second;
  const bool is_done = request.type == mqtt::PacketType::puback;
  if (stage == Stage::released) {
    if (!is_done) return;
    stages_.erase(found);
    return send(mqtt::Pubcomp{.packet_id = request.packet_id});
  }
  if (stage == Stage::delivered) {
    const mqtt::Pubrec packet{.packet_id = request.packet_id, .reason = request.reason};
    if (mqtt::is_error(request.reason))
      stages_.erase(found);
    else
      stage = is_done ? Stage::settling : Stage::received;
    return send(packet);
  }
  if (is_done) stage = Stage::settling;
}

void InlineClient::feed(broker::Broker& broker) {
  if (!is_open_) return;
  if (is_publish_offered_ && !offer(broker, publishes_)) return;
  if (offer(broker, acknowledgements_)) offer(broker, publishes_);
}

// False: the broker takes no more for the moment.
bool InlineClient::offer(broker::Broker& broker, std::deque<Request>& from) {
  while (!from.empty() && may_offer(from.front())) {
    Request& request = from.front();
    const bool is_publish = request.type == mqtt::PacketType::publish;
    if (expect(request)) {
      if (broker.on_input(key_, request.bytes).bytes == 0) {
        is_publish_offered_ = is_publish;
        return false;
      }
      if (request.expects == taken_is_enough) {
        --under_way_;
        tell(request.reply, MORTISE_OK, mqtt::ReasonCode::success);
      }
    }
    if (is_publish) is_publish_offered_ = false;
    waiting_bytes_ -= request.bytes.size();
    from.pop_front();
  }
  return true;
}

// Whether the broker's receive maximum leaves room.  [MQTT-3.3.4-7]
bool InlineClient::may_offer(const Request& request) const {
  if (!request.is_counted || request.is_expected || counted_ + incomplete_.size() < receive_maximum_)
    return true;
  return request.expects == mqtt::PacketType::pubrec && incomplete_.contains(request.packet_id);  // a repeat
}

// Makes room for the answer. False: the one before under this identifier has not come yet.
bool InlineClient::expect(Request& request) {
  if (request.is_expected || request.expects == mqtt::PacketType{} || request.expects == taken_is_enough)
    return true;
  if (!waiting_.try_emplace(key_of(request.expects, request.packet_id), request.reply).second) {
    --under_way_;
    tell(request.reply, MORTISE_E_INVALID, {});
    return false;
  }
  request.is_expected = true;
  if (request.expects == mqtt::PacketType::puback) ++counted_;
  if (request.expects == mqtt::PacketType::pubrec) incomplete_.insert(request.packet_id);
  return true;
}

// ---- from the broker, on the loop

void InlineClient::on_output(broker::Broker& broker) {
  if (!is_over_) read(broker);
}

void InlineClient::read(broker::Broker& broker) {
  broker::Output* const output = broker.output(key_);
  if (!output) return;
  std::array<mqtt::Bytes, 16> parts;
  while (read_packets() && !output->empty()) {
    const std::size_t count = output->gather(parts);
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < count && bytes < read_step; ++i) {
      unread_.insert(unread_.end(), parts[i].begin(), parts[i].end());
      bytes += parts[i].size();
    }
    broker.on_written(key_, *output, bytes);
  }
  broker.charge(*output);
  hand_over_deliveries();
}

// False: the next one is a message that there is no credit for.
bool InlineClient::read_packets() {
  std::size_t done = 0;
  bool goes_on = true;
  while (done < unread_.size()) {
    const auto frame = mqtt::read_frame(mqtt::Bytes{unread_}.subspan(done), SIZE_MAX);
    if (!frame || frame->size == 0) break;
    if (frame->type == mqtt::PacketType::publish && credits_ == 0 && !is_over_) {
      goes_on = false;
      break;
    }
    read_packet(*frame);
    done += frame->size;
  }
  unread_.erase(unread_.begin(), unread_.begin() + static_cast<std::ptrdiff_t>(done));
  return goes_on;
}

void InlineClient::read_packet(const mqtt::Frame& frame) {
  mqtt::decode_for(frame, version, [&](const auto& packet) {
    if (!packet) return;  // the broker's own bytes
    using Kind = std::decay_t<decltype(*packet)>;
    if constexpr (std::is_same_v<Kind, mqtt::Publish>) {
      if (!is_over_) on_publish(*packet);
    } else if constexpr (std::is_same_v<Kind, mqtt::Connack>) {
      on_connack(*packet);
      if (!mqtt::is_error(packet->reason)) post(&InlineClient::open);
    } else if constexpr (std::is_same_v<Kind, mqtt::Pubrel>) {
      on_pubrel(*packet);
    } else if constexpr (std::is_same_v<Kind, mqtt::Suback> || std::is_same_v<Kind, mqtt::Unsuback>) {
      answered(Kind::type, packet->packet_id, packet->reasons.front());
    } else if constexpr (std::is_same_v<Kind, mqtt::Puback> || std::is_same_v<Kind, mqtt::Pubrec> ||
                         std::is_same_v<Kind, mqtt::Pubcomp>) {
      answered(Kind::type, packet->packet_id, packet->reason);
    } else if constexpr (std::is_same_v<Kind, mqtt::Disconnect>) {
      last_reason_ = packet->reason;
    }
  });
}

void InlineClient::on_connack(const mqtt::Connack& packet) {
  last_reason_ = packet.reason;
  session_present_ = packet.session_present;
  receive_maximum_ = packet.receive_maximum.value_or(65535);
}

// Its session is known. Identifiers that are to be forgotten are released first, again and again: those whose
// message is not durable yet the broker does not let go.
void InlineClient::open(broker::Broker& broker) {
  if (is_open_ || is_over_) return;
  const std::vector<mqtt::PacketId> inbound = (how_.flags & MORTISE_INLINE_FORGET_INBOUND) != 0
                                                  ? broker.inbound(key_)
                                                  : std::vector<mqtt::PacketId>{};
  if (!inbound.empty()) {
    forgetting_ = inbound.size();
    mqtt::Buffer bytes;
    for (const mqtt::PacketId packet_id : inbound) {
      bytes.clear();
      mqtt::encode(mqtt::Pubrel{.packet_id = packet_id}, version, bytes);
      broker.on_input(key_, bytes);
    }
    return;
  }
  is_open_ = true;
  on_strand("inline.opened", [present = session_present_](const mortise_inline_open_t& how) {
    if (how.opened) how.opened(how.context, present ? 1 : 0);
  });
  for (auto& [where, call] : std::exchange(held_, {})) on_strand(where, std::move(call));
  feed(broker);
}

void InlineClient::on_publish(const mqtt::Publish& packet) {
  --credits_;
  if (packet.qos == mqtt::Qos::exactly_once) stages_[packet.packet_id] = Stage::delivered;
  Delivered delivered;
  delivered.packet_id = packet.packet_id;
  delivered.qos = packet.qos;
  delivered.dup = packet.dup;
  delivered.retain = packet.retain;
  mqtt::PropertyReader reader{packet.properties.raw};
  while (const auto property = reader.next())
    if (property->id == mqtt::PropertyId::subscription_identifier)
      delivered.identifiers.push_back(property->number);
  const base::WallTime now = owner_.in.wall();
  broker::MessageParts parts;
  parts.topic = packet.topic;
  parts.payload = packet.payload;
  parts.raw_properties = packet.properties.raw;
  parts.qos = packet.qos;
  parts.retain = packet.retain;
  parts.payload_is_utf8 = packet.properties.payload_is_utf8;
  parts.received = now;
  if (packet.properties.message_expiry_s)
    parts.expires = now + std::chrono::seconds{*packet.properties.message_expiry_s};
  parts.level = owner_.in.level_of(packet.topic);
  delivered.message = broker::Message::make(parts, owner_.accounts);
  deliveries_.push_back(std::move(delivered));
}

void InlineClient::on_pubrel(const mqtt::Pubrel& packet) {
  Stage& stage = stages_.try_emplace(packet.packet_id, Stage::received).first->second;
  const bool is_settled = std::exchange(stage, Stage::released) == Stage::settling;
  if (is_settled) {
    const std::lock_guard lock{mutex_};
    push({.type = mqtt::PacketType::puback, .packet_id = packet.packet_id});
    return;
  }
  hand_over_deliveries();
  on_strand("inline.release", [packet_id = packet.packet_id](const mortise_inline_open_t& how) {
    if (how.release) how.release(how.context, packet_id);
  });
}

void InlineClient::answered(mqtt::PacketType type, mqtt::PacketId packet_id, mqtt::ReasonCode reason) {
  if (type == mqtt::PacketType::pubcomp && forgetting_ != 0) {
    if (--forgetting_ == 0) post(&InlineClient::open);
    return;
  }
  if (type == mqtt::PacketType::puback) --counted_;
  if (type == mqtt::PacketType::pubcomp || (type == mqtt::PacketType::pubrec && mqtt::is_error(reason)))
    incomplete_.erase(packet_id);
  const auto found = waiting_.find(key_of(type, packet_id));
  if (found == waiting_.end()) return;
  const Reply reply = found->second;
  waiting_.erase(found);
  --under_way_;
  if (type != mqtt::PacketType::pubrec && type != mqtt::PacketType::pubcomp) {
    const std::lock_guard lock{mutex_};
    used_ids_.erase(packet_id);
  }
  tell(reply, MORTISE_OK, reason);
  // The window may let the next one go.
  const bool frees = type == mqtt::PacketType::puback || type == mqtt::PacketType::pubcomp ||
                     (type == mqtt::PacketType::pubrec && mqtt::is_error(reason));
  if (frees && !publishes_.empty()) {
    const std::lock_guard lock{mutex_};
    if (!std::exchange(is_posted_, true)) post(&InlineClient::take_requests);
  }
}

void InlineClient::on_closed(broker::Broker& broker) {
  if (std::exchange(is_over_, true)) return;
  hand_over_deliveries();
  read(broker);  // why it is closed stands at the end
  broker.on_lost(key_);
  finish();
}

// ---- to the plugin, on its strand

void InlineClient::hand_over_deliveries() {
  if (deliveries_.empty()) return;
  // A vector of its own: the strand may be behind.
  auto batch = std::make_shared<std::vector<Delivered>>(std::exchange(deliveries_, {}));
  on_strand("inline.deliver", [batch, &in = owner_.in](const mortise_inline_open_t& how) {
    if (!how.deliver) return;
    const base::WallTime now = in.wall();
    std::vector<mortise_message_view_t> views(batch->size());
    std::vector<mortise_delivery_t> deliveries(batch->size());
    std::vector<const mortise_delivery_t*> pointers(batch->size());
    for (std::size_t i = 0; i < batch->size(); ++i) {
      const Delivered& from = (*batch)[i];
      views[i] = view_of(*from.message, now);
      mortise_delivery_t& to = deliveries[i];
      to.size = sizeof to;
      to.packet_id = from.packet_id;
      to.qos = static_cast<std::uint8_t>(from.qos);
      if (from.dup) to.flags |= MORTISE_INLINE_DUP;
      if (from.retain) to.flags |= MORTISE_INLINE_RETAIN;
      to.message = &views[i];
      to.subscription_identifiers = from.identifiers.data();
      to.subscription_identifier_count = from.identifiers.size();
      pointers[i] = &to;
    }
    how.deliver(how.context, pointers.data(), pointers.size());
  });
}

void InlineClient::tell(const Reply& reply, mortise_status_t status, mqtt::ReasonCode reason) {
  if (!reply.done) return;
  on_strand("inline.done", [reply, status, reason](const mortise_inline_open_t&) {
    reply.done(reply.context, status, static_cast<std::uint8_t>(reason));
  });
}

// Nothing comes before opened().
void InlineClient::on_strand(const char* where, Call call) {
  if (!is_open_ && !is_over_) return void(held_.emplace_back(where, std::move(call)));
  owner_.strand.post_always([self = shared_from_this(), where, call = std::move(call)] {
    self->owner_.guarded(where, [&] { call(self->how_); });
  });
}

// Tells everybody who waits, and that it was the last word. What was requested since is told, too.
void InlineClient::finish() {
  const auto end = [&](const Request& request) {
    if (request.expects != mqtt::PacketType{} && !request.is_expected)
      tell(request.reply, MORTISE_E_STATE, {});
  };
  std::vector<Request> late;
  bool is_first = false;
  {
    const std::lock_guard lock{mutex_};
    is_first = !std::exchange(is_closed_, true);
    late.swap(requests_);
  }
  for (const auto& [key, reply] : std::exchange(waiting_, {})) tell(reply, MORTISE_E_STATE, {});
  for (const Request& request : std::exchange(acknowledgements_, {})) end(request);
  for (const Request& request : std::exchange(publishes_, {})) end(request);
  for (const Request& request : late) end(request);
  if (!is_first) return;
  on_strand("inline.closed", [reason = last_reason_](const mortise_inline_open_t& how) {
    if (how.closed) how.closed(how.context, static_cast<std::uint8_t>(reason));
  });
}

void InlineClient::give_up() {
  is_over_ = true;
  last_reason_ = mqtt::ReasonCode::server_shutting_down;
  finish();
}

}  // namespace mortise::host
