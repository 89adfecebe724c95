// Plugins as the oracle knows them: they deny by the topic's first level, and some of their answers come
// later.
#pragma once

#include <deque>
#include <functional>
#include <string>

#include "broker/ports.hpp"
#include "simulation/random.hpp"
#include "simulation/trace.hpp"

namespace mortise::simulation {

// The rules, for hooks and oracle alike.
inline bool may_publish(std::string_view topic) { return !topic.starts_with("denied/"); }
inline bool may_subscribe(std::string_view filter) { return !filter.starts_with("denied/"); }

class ModelHooks final : public broker::Hooks {
 public:
  // `dropped` hears each stated loss: client identifier, message, reason.
  using Heard = std::function<void(std::string_view, const broker::Message&, std::string_view)>;
  ModelHooks(Random& random, std::uint32_t pending_percent, Heard dropped)
      : random_{&random}, pending_percent_{pending_percent}, dropped_{std::move(dropped)} {
    const auto event = static_cast<std::size_t>(broker::EventKind::dropped);
    wanted_.events[event] = true;
    wanted_.authenticate = pending_percent != 0;
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
  broker::Answer authorise(const broker::ClientFacts&, const broker::Access& access,
                           broker::Question question, base::Now) override {
    const bool allowed =
        access.action == broker::Action::subscribe ? may_subscribe(access.topic) : may_publish(access.topic);
    return now_or_later(question, allowed ? broker::Decision::allow : broker::Decision::deny);
  }
  broker::Answer intercept_publish(const broker::ClientFacts&, const broker::MessageRef&,
                                   base::Now) override {
    return {};
  }
  void cancel(const broker::Question&) override {}
  void forget(std::uint32_t, std::uint64_t) override {}
  void happened(const broker::Event& event, std::uint32_t, base::Now) override {
    if (event.kind == broker::EventKind::dropped && event.message)
      dropped_(event.client->client_id, *event.message, event.loss);
  }

 private:
  broker::Answer now_or_later(broker::Question question, broker::Decision decision) {
    broker::Answer answer;
    answer.decision = decision;
    if (!random_->percent(pending_percent_)) return answer;
    late.push_back({question, answer});
    answer.decision = broker::Decision::pending;
    return answer;
  }

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
