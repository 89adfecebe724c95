// Hooks that nobody is attached to and a log that nobody reads.
#pragma once

#include "broker/ports.hpp"

namespace mortise::broker {

class QuietHooks : public Hooks {
 public:
  const Wanted& wanted(std::uint32_t) const override { return nothing_; }
  Answer authenticate(const ClientFacts&, const mqtt::Connect&, Question, base::Now) override { return {}; }
  Answer exchange(const ClientFacts&, const Exchange&, Question, base::Now) override { return {}; }
  Answer authorise(const ClientFacts&, const Access&, Question, base::Now) override { return {}; }
  Answer accept(const ClientFacts&, base::Now) override { return {}; }
  Answer intercept_connect(const ClientFacts&, const mqtt::Connect&, Question, base::Now) override {
    return {};
  }
  Answer intercept_publish(const ClientFacts&, const MessageRef&, Question, base::Now) override { return {}; }
  Answer intercept_will(const ClientFacts&, const MessageRef&, base::Now) override { return {}; }
  void cancel(const Question&) override {}
  void kept(std::uint32_t, std::uint64_t) override {}
  void forget(std::uint32_t, std::uint64_t) override {}
  void happened(const Event&, std::uint32_t, base::Now) override {}

 private:
  Wanted nothing_;
};

class QuietLog : public Log {
 public:
  bool wants(LogLevel, std::string_view) const override { return false; }
  void write(LogLevel, std::string_view, std::string_view, std::string_view, const ClientFacts*,
             std::span<const Field>) override {}
};

}  // namespace mortise::broker
