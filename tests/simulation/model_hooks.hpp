// Plugins as the oracle knows them: they deny, drop and change by the topic's first level, and some of their
// answers come later.
#pragma once

#include <deque>
#include <functional>
#include <string>

#include "broker/ports.hpp"
#include "mqtt/encode.hpp"
#include "simulation/random.hpp"
#include "simulation/trace.hpp"

namespace mortise::simulation {

// The rules, for hooks and oracle alike.
inline bool may_publish(std::string_view topic) { return !topic.starts_with("denied/"); }
inline bool may_subscribe(std::string_view filter) { return !filter.starts_with("denied/"); }
inline bool may_receive(std::string_view client, std::string_view topic) {
  return client != "c1" || !topic.starts_with("secret/");
}
inline bool is_dropped(std::string_view topic) { return topic.starts_with("gone/"); }
inline bool is_changed(std::string_view topic) { return topic.starts_with("changed/"); }
inline constexpr std::uint8_t change_mark = '!';  // behind the payload of what was changed

class ModelHooks final : public broker::Hooks {
 public:
  // `dropped` hears each stated loss: client identifier, message, reason.
  using Heard = std::function<void(std::string_view, const broker::Message&, std::string_view)>;
  struct Attached {
    std::uint32_t pending_percent = 0;
    bool intercepts = false;  // else topics that would be dropped or changed may not be used
    bool receives = false;    // the same for those somebody may not receive
  };
  ModelHooks(Random& random, Attached attached, Heard dropped)
      : random_{&random}, pending_percent_{attached.pending_percent}, dropped_{std::move(dropped)} {
    const auto event = static_cast<std::size_t>(broker::EventKind::dropped);
    wanted_.events[event] = true;
    wanted_.authenticate = wanted_.intercept_connect = pending_percent_ != 0;
    for (const auto action : {broker::Action::will, broker::Action::retain})
      wanted_.authorise[static_cast<std::size_t>(action)] = pending_percent_ != 0;
    wanted_.intercept_publish = attached.intercepts;
    wanted_.authorise[static_cast<std::size_t>(broker::Action::receive)] = attached.receives;
    wanted_.authorise[static_cast<std::size_t>(broker::Action::publish)] = true;
    wanted_.authorise[static_cast<std::size_t>(broker::Action::subscribe)] = true;
  }

  struct Late {
    broker::Question question;
    broker::Answer answer;
  };
  std::deque<Late> late;  // questions that wait for their answer

  const Wanted& wanted(std::uint32_t) const override { return wanted_; }

  broker::Answer authenticate(const broker::ClientFacts&, const mqtt::Connect&, broker::Question question,
                              base::Now) override {
    return now_or_later(question, broker::Decision::allow);
  }
  broker::Answer exchange(const broker::ClientFacts&, const broker::Exchange&, broker::Question,
                          base::Now) override {
    return {};
  }
  broker::Answer authorise(const broker::ClientFacts& client, const broker::Access& access,
                           broker::Question question, base::Now) override {
    if (access.action == broker::Action::receive) {
      broker::Answer answer;
      answer.decision =
          may_receive(client.client_id, access.topic) ? broker::Decision::allow : broker::Decision::deny;
      return answer;
    }
    const bool allowed = access.action == broker::Action::subscribe ? may_subscribe(access.topic)
                         : access.action == broker::Action::publish ? may_publish(access.topic)
                                                                    : true;  // wills, and what is retained
    return now_or_later(question, allowed ? broker::Decision::allow : broker::Decision::deny);
  }
  broker::Answer accept(const broker::ClientFacts&, base::Now) override { return {}; }
  broker::Answer intercept_connect(const broker::ClientFacts&, const mqtt::Connect&,
                                   broker::Question question, base::Now) override {
    return now_or_later(question, broker::Decision::pass);
  }
  broker::Answer intercept_publish(const broker::ClientFacts&, const broker::MessageRef& message,
                                   broker::Question question, base::Now) override {
    broker::Answer answer;
    if (is_dropped(message->topic())) answer.decision = broker::Decision::drop;
    if (is_changed(message->topic()) && !message->payload().empty()) {
      mqtt::Buffer payload{message->payload().begin(), message->payload().end()};
      payload.push_back(change_mark);
      answer.decision = broker::Decision::change;
      answer.message = with_payload(*message, payload);
    }
    return now_or_later(question, std::move(answer));
  }
  broker::Answer intercept_will(const broker::ClientFacts&, const broker::MessageRef&, base::Now) override {
    return {};
  }
  // Bytes of messages made here.
  std::int64_t charged() const { return accounts_.charged(broker::Account::message); }
  void cancel(const broker::Question&) override {}
  void kept(std::uint32_t, std::uint64_t) override {}
  void forget(std::uint32_t, std::uint64_t) override {}
  void happened(const broker::Event& event, std::uint32_t, base::Now) override {
    if (event.kind == broker::EventKind::dropped && event.message)
      dropped_(event.client->client_id, *event.message, event.loss);
  }

 private:
  broker::Answer now_or_later(broker::Question question, broker::Decision decision) {
    broker::Answer answer;
    answer.decision = decision;
    return now_or_later(question, std::move(answer));
  }
  broker::Answer now_or_later(broker::Question question, broker::Answer answer) {
    if (!random_->percent(pending_percent_)) return answer;
    late.push_back({question, std::move(answer)});
    answer = {};
    answer.decision = broker::Decision::pending;
    return answer;
  }

  broker::MessageRef with_payload(const broker::Message& message, mqtt::Bytes payload) {
    broker::MessageParts parts;
    parts.topic = message.topic();
    parts.payload = payload;
    parts.raw_properties = message.properties();
    parts.publisher = message.publisher();
    parts.username = message.username();
    parts.qos = message.qos();
    parts.retain = message.retain();
    parts.received = message.received();
    parts.expires = message.expires();
    parts.level = message.level();
    return broker::Message::make(parts, accounts_);
  }

  broker::Accounts accounts_;
  Random* random_;
  std::uint32_t pending_percent_;
  Heard dropped_;
  Wanted wanted_;
};

class SilentLog final : public broker::Log {
 public:
  bool wants(broker::LogLevel, std::string_view) const override { return false; }
  void write(broker::LogLevel, std::string_view, std::string_view, std::string_view,
             const broker::ClientFacts*, std::span<const Field>) override {}
};

}  // namespace mortise::simulation
