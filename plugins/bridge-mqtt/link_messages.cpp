// The part of Link that passes messages on, step by step, in both directions.
#include "link.hpp"
#include "link_handlers.hpp"

namespace mortise::bridge {

namespace {

constexpr std::size_t qos_0_backlog = 192;  // messages; fewer than there are credits for
constexpr std::chrono::seconds loop_told_every{60};

}  // namespace

// ---- out

void Link::on_deliveries(std::vector<Outgoing> messages) {
  if (state_ == State::preparing) {  // they stay in the session; what is answered stands behind them
    local_.credit(static_cast<std::uint32_t>(messages.size()));
    return;
  }
  for (Outgoing& message : messages) {
    if (waiting_.size() >= qos_0_backlog) pump();
    // What acknowledges stands behind messages there is no credit for: those of QoS 0 may not use it up.
    if (message.packet_id == 0 && waiting_.size() >= qos_0_backlog) {
      counts_.refuse("QoS 0: the remote is slower");
      local_.credit(1);
    } else {
      waiting_.push_back(std::move(message));
    }
  }
  pump();
}

void Link::pump() {
  if (!running_ || !remote_->failed().empty()) return;
  while (!waiting_.empty() && stream_->unwritten() + remote_->output.size() < unwritten_max) {
    Outgoing& next = waiting_.front();
    const bool goes = next.refused.empty();
    if (goes && next.qos != 0 && in_flight_.size() >= remote_->limits().receive_maximum) break;
    if (goes && !pace_.take(Clock::now())) {
      pace_timer_.expires_after(pace_.wait());
      pace_timer_.async_wait(guarded([this, number = attempt_] {
        if (attempt_ == number) pump();
      }));
      break;
    }
    settle(next);
    waiting_.pop_front();
  }
  flush();
}

// Sends it, or says why not.
void Link::settle(const Outgoing& message) {
  if (!message.refused.empty()) {
    if (message.refused == came_back || message.refused == too_many_hops)
      tell_loop(message.refused, message.topic);
    counts_.refuse(message.refused);
    if (message.packet_id != 0)
      local_.acknowledge(message.packet_id, static_cast<std::uint8_t>(message.reason));
    local_.credit(1);
    return;
  }
  if (message.print != 0 && rounds_.is_one(message.print, Clock::now())) tell_rounds(message.topic);
  remote_->output.insert(remote_->output.end(), message.bytes.begin(), message.bytes.end());
  ++counts_.out;
  if (message.qos != 0) {
    in_flight_[message.packet_id] = {message.qos, false};
    return;
  }
  if (message.packet_id != 0) local_.acknowledge(message.packet_id);
  local_.credit(1);
}

void Link::on_puback(mqtt::PacketId packet_id, mqtt::ReasonCode reason) {
  const auto found = in_flight_.find(packet_id);
  if (found == in_flight_.end()) return;
  if (found->second.qos != 1) return remote_->accuse("acknowledged a message of QoS 2 with PUBACK");
  in_flight_.erase(found);
  local_.acknowledge(packet_id, static_cast<std::uint8_t>(reason));
  local_.credit(1);
  if (mqtt::is_error(reason))
    counts_.refuse("remote: " + std::string{mqtt::text_of(reason)});
  else
    ++counts_.acknowledged;
}

void Link::on_pubrec(mqtt::PacketId packet_id, mqtt::ReasonCode reason) {
  const auto found = in_flight_.find(packet_id);
  if (found == in_flight_.end()) {
    if (!mqtt::is_error(reason)) remote_->pubrel(packet_id);  // of a message that nobody here knows any more
    return;
  }
  if (found->second.qos != 2) return remote_->accuse("acknowledged a message of QoS 1 with PUBREC");
  local_.received(packet_id, static_cast<std::uint8_t>(reason));
  if (!mqtt::is_error(reason)) return;
  in_flight_.erase(found);
  local_.credit(1);
  counts_.refuse("remote: " + std::string{mqtt::text_of(reason)});
}

// That the remote has the message is stored here.
void Link::on_release(mqtt::PacketId packet_id) {
  if (state_ == State::preparing) return;
  in_flight_[packet_id] = {2, true};
  remote_->pubrel(packet_id);
  flush();
}

void Link::on_pubcomp(mqtt::PacketId packet_id, mqtt::ReasonCode) {
  const auto found = in_flight_.find(packet_id);
  if (found == in_flight_.end()) return;
  if (!found->second.is_released) return remote_->accuse("completed a message that was not released");
  in_flight_.erase(found);
  local_.acknowledge(packet_id);
  local_.credit(1);
  ++counts_.acknowledged;
}

// ---- in

bool Link::on_publish(const mqtt::Publish& packet) {
  if (!running_) return false;
  std::optional<std::string> topic;
  const Route* route = nullptr;
  for (const Route& one : settings_.in)
    if ((topic = local_topic(one, packet.topic))) {
      route = &one;
      break;
    }
  if (!route) return refuse(packet, "in: nobody asked for its topic", mqtt::ReasonCode::success), true;
  Marks marks = marks_of(packet.properties.raw);
  if (marks.origin == node_ || marks.hops > settings_.hops) {
    const char* const why = marks.origin == node_ ? came_back : too_many_hops;
    tell_loop(why, packet.topic);
    return refuse(packet, why, mqtt::ReasonCode::success), true;
  }
  mqtt::Buffer properties;
  if (marks.origin.empty()) {
    marks.origin = node_;
    properties = marked(packet.properties.raw, marks);
  }
  const mqtt::Bytes raw = properties.empty() ? packet.properties.raw : mqtt::Bytes{properties};
  mortise_message_view_t base{};
  base.size = sizeof base;
  base.topic = str(*topic);
  base.payload = {packet.payload.data(), packet.payload.size()};
  base.properties = {raw.data(), raw.size()};
  base.qos = static_cast<std::uint8_t>(packet.qos);
  base.retain = packet.retain && route->retain;
  base.expiry_s = packet.properties.message_expiry_s.value_or(MORTISE_NO_EXPIRY);
  mortise_status_t status = MORTISE_OK;
  try {
    const message made = host_.make(base, {});
    const auto taken = to_here(
        [id = packet.packet_id, qos = packet.qos](Link& self, mortise_status_t ended, std::uint8_t reason) {
          self.on_taken(id, qos, ended, static_cast<mqtt::ReasonCode>(reason));
        });
    status = local_.publish(
        made, packet.qos == mqtt::Qos::exactly_once ? packet.packet_id : mqtt::PacketId{0}, taken);
  } catch (const error& fault) {
    status = fault.status();
  }
  switch (status) {
    case MORTISE_OK: return true;
    case MORTISE_E_BUSY:
    case MORTISE_E_UNKNOWN:
    case MORTISE_E_STATE: return false;
    case MORTISE_E_LIMIT:
      return refuse(packet, "in: beyond the broker's limits",
                    mqtt::ReasonCode::implementation_specific_error),
             true;
    default: return refuse(packet, "in: not allowed here", mqtt::ReasonCode::not_authorized), true;
  }
}

// The remote need not send it again.
void Link::refuse(const mqtt::Publish& packet, const std::string& why, mqtt::ReasonCode reason) {
  counts_.refuse(why);
  if (packet.qos == mqtt::Qos::at_least_once) remote_->puback(packet.packet_id, reason);
  if (packet.qos == mqtt::Qos::exactly_once) remote_->pubrec(packet.packet_id, reason);
}

void Link::on_taken(mqtt::PacketId packet_id, mqtt::Qos qos, mortise_status_t status,
                    mqtt::ReasonCode reason) {
  if (status != MORTISE_OK) return;  // a repeat whose first has no answer yet, or the client is closed
  if (reason == mqtt::ReasonCode::quota_exceeded && qos != mqtt::Qos::at_most_once)
    return lose(
        "the broker cannot take messages at present (limits.memory or the store); the remote keeps them");
  if (mqtt::is_error(reason))
    counts_.refuse("in: " + std::string{mqtt::text_of(reason)});
  else
    ++counts_.in;
  if (qos == mqtt::Qos::at_least_once) remote_->puback(packet_id, reason);
  if (qos == mqtt::Qos::exactly_once) remote_->pubrec(packet_id, reason);
  remote_->resume(Clock::now());
  after_packets();
}

bool Link::on_pubrel(mqtt::PacketId packet_id) {
  if (!running_) return false;
  const auto done = to_here([packet_id](Link& self, mortise_status_t ended, std::uint8_t reason) {
    self.on_completed(packet_id, ended, static_cast<mqtt::ReasonCode>(reason));
  });
  return local_.complete(packet_id, done) == MORTISE_OK;
}

void Link::on_completed(mqtt::PacketId packet_id, mortise_status_t status, mqtt::ReasonCode reason) {
  if (status != MORTISE_OK) return;
  remote_->pubcomp(packet_id, reason);
  remote_->resume(Clock::now());
  after_packets();
}

void Link::on_suback(const mqtt::Suback& packet) {
  for (std::size_t i = 0; i < packet.reasons.size() && i < settings_.in.size(); ++i) {
    if (!mqtt::is_error(packet.reasons[i])) continue;
    const std::string filter = settings_.in[i].remote_filter();
    counts_.refuse("subscription: " + std::string{mqtt::text_of(packet.reasons[i])});
    host_.log(MORTISE_WARNING, "bridge.subscription_refused", "the remote refuses a subscription",
              {{"link", settings_.name}, {"filter", filter}, {"reason", mqtt::text_of(packet.reasons[i])}});
  }
}

void Link::tell_loop(const std::string& why, std::string_view topic) {
  tell_once_a_minute("a message goes round between brokers (" + why +
                         ") and is not passed on: let the links of the circle not carry the same topics",
                     topic);
}

void Link::tell_rounds(std::string_view topic) {
  tell_once_a_minute(
      "the same message has left " + std::to_string(Rounds::times) + " times within " +
          std::to_string(Rounds::within.count()) +
          " seconds, and is passed on: if it goes round between brokers of 3.1.1, let the links of "
          "the circle not carry the same topics",
      topic);
}

void Link::tell_once_a_minute(const std::string& text, std::string_view topic) {
  ++counts_.loops;
  const auto now = Clock::now();
  if (loop_told_ != Clock::time_point{} && now - loop_told_ < loop_told_every) return;
  loop_told_ = now;
  host_.log(MORTISE_WARNING, "bridge.loop", text,
            {{"link", settings_.name}, {"topic", topic}, {"counted", counts_.loops.load()}});
}

}  // namespace mortise::bridge
