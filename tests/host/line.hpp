// An inline client as a plugin has it, and what it was told, in order.
//
// Thread: the test's; what it was told comes on the plugin's strand.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include "host/rig.hpp"

namespace mortise::host {

class Line {
 public:
  Line(Rig& rig, const std::string& instance = "a") : rig_{rig}, strings_{rig.strings(instance)} {}

  // What is open tells this object of its end.
  ~Line() {
    if (client.id != 0) rig_.stop();
  }
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  mortise_inline_open_t how{};
  mortise_inline_t client{};

  mortise_status_t open(const std::string& client_id, std::uint32_t flags = 0, std::uint32_t expiry_s = 600) {
    client_id_ = client_id;
    how.size = sizeof how;
    how.flags = flags;
    how.client_id = {client_id_.data(), client_id_.size()};
    how.session_expiry_s = expiry_s;
    if (how.credits == 0) how.credits = 1000;
    how.context = this;
    how.opened = [](void* self, std::uint32_t present) { of(self).add(present ? "opened again" : "opened"); };
    how.deliver = &Line::deliver;
    how.release = [](void* self, std::uint16_t id) { of(self).add("release " + std::to_string(id)); };
    how.closed = [](void* self, std::uint8_t reason) { of(self).add("closed " + std::to_string(reason)); };
    return service().open(strings_.host, &how, &client);
  }
  // Open for good.
  void open_and_wait(const std::string& client_id, std::uint32_t flags = 0, std::uint32_t expiry_s = 600) {
    ASSERT_EQ(MORTISE_OK, open(client_id, flags, expiry_s));
    ASSERT_TRUE(rig_.turn_until([&] { return count("opened") + count("opened again") != 0; })) << all();
  }
  mortise_status_t subscribe(const std::string& filter, mqtt::Qos qos = mqtt::Qos::exactly_once) {
    mortise_subscription_t subscription{};
    subscription.size = sizeof subscription;
    subscription.filter = {filter.data(), filter.size()};
    subscription.qos = static_cast<std::uint8_t>(qos);
    subscription.identifier = 7;
    return service().subscribe(strings_.host, client, &subscription, &Line::done, reply("subscribed"));
  }
  mortise_status_t publish(const std::string& topic, const std::string& payload,
                           mqtt::Qos qos = mqtt::Qos::at_least_once, std::uint16_t packet_id = 0) {
    mortise_message_t* const message = make(topic, payload, qos);
    const mortise_status_t status = service().publish(strings_.host, client, message, packet_id, &Line::done,
                                                      reply("published " + payload));
    strings_.service<mortise_messages_t>(MORTISE_HOST_MESSAGES)->unref(strings_.host, message);
    return status;
  }
  mortise_status_t complete(std::uint16_t id) {
    return service().complete(strings_.host, client, id, &Line::done, reply("completed"));
  }
  mortise_status_t acknowledge(std::uint16_t id, std::uint8_t reason = 0) {
    return service().acknowledge(strings_.host, client, id, reason);
  }
  mortise_status_t received(std::uint16_t id, std::uint8_t reason = 0) {
    return service().received(strings_.host, client, id, reason);
  }
  mortise_status_t credit(std::uint32_t more) { return service().credit(strings_.host, client, more); }
  mortise_status_t close(bool end_session = false) {
    return service().close(strings_.host, client, end_session ? 1 : 0);
  }
  const mortise_inline_clients_t& service() const {
    return *strings_.service<mortise_inline_clients_t>(MORTISE_HOST_INLINE);
  }

  Rig& rig() { return rig_; }

  // Whether it is told so some day.
  bool sees(const std::string& what) {
    return rig_.turn_until([&] { return count(what) != 0; });
  }
  std::size_t count(const std::string& what) {
    const std::lock_guard lock{mutex_};
    return static_cast<std::size_t>(std::ranges::count(told_, what));
  }
  std::vector<std::string> told() {
    const std::lock_guard lock{mutex_};
    return told_;
  }
  std::string all() {
    std::string text;
    for (const std::string& line : told()) text += line + "; ";
    return text;
  }
  void forget() {
    const std::lock_guard lock{mutex_};
    told_.clear();
  }

 private:
  struct Reply {
    Reply(Line& line_told, std::string of) : line{line_told}, what{std::move(of)} {}
    Line& line;
    std::string what;
  };
  static Line& of(void* self) { return *static_cast<Line*>(self); }
  void add(std::string what) {
    const std::lock_guard lock{mutex_};
    told_.push_back(std::move(what));
  }
  // Kept to the end: whether a call that was refused or whose client is gone still answers is for the tests
  // to see.
  void* reply(std::string what) {
    const std::lock_guard lock{mutex_};
    return &replies_.emplace_back(*this, std::move(what));
  }
  static void done(void* context, mortise_status_t status, std::uint8_t reason) {
    const auto* reply = static_cast<const Reply*>(context);
    reply->line.add(reply->what + " " + std::to_string(status == MORTISE_OK ? reason : status));
  }
  static void deliver(void* self, const mortise_delivery_t* const* deliveries, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      const mortise_delivery_t& one = *deliveries[i];
      std::string text = (one.flags & MORTISE_INLINE_DUP) ? "again " : "";
      text +=
          std::string{one.message->topic.data, one.message->topic.size} + "=" +
          std::string{reinterpret_cast<const char*>(one.message->payload.data), one.message->payload.size};
      text += " qos " + std::to_string(one.qos) + " id " + std::to_string(one.packet_id);
      if (one.subscription_identifier_count == 1 && one.subscription_identifiers[0] == 7) text += " by 7";
      of(self).add(text);
    }
  }
  mortise_message_t* make(const std::string& topic, const std::string& payload, mqtt::Qos qos) const {
    mortise_edit_t edit{};
    edit.size = sizeof edit;
    edit.set = MORTISE_SET_TOPIC | MORTISE_SET_PAYLOAD | MORTISE_SET_QOS;
    edit.qos = static_cast<std::uint8_t>(qos);
    edit.topic = {topic.data(), topic.size()};
    edit.payload = {reinterpret_cast<const std::uint8_t*>(payload.data()), payload.size()};
    mortise_message_t* made = nullptr;
    EXPECT_EQ(MORTISE_OK, strings_.service<mortise_messages_t>(MORTISE_HOST_MESSAGES)
                              ->make(strings_.host, nullptr, &edit, &made));
    return made;
  }

  Rig& rig_;
  Strings& strings_;
  std::string client_id_;
  std::mutex mutex_;
  std::vector<std::string> told_;
  std::deque<Reply> replies_;
};

}  // namespace mortise::host
