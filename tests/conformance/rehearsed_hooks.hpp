// The rehearsed plugin as hooks of the broker core.
#pragma once

#include "broker/quiet.hpp"
#include "mqtt/reader.hpp"
#include "rehearsed.hpp"

namespace mortise::conformance {

class RehearsedHooks : public broker::QuietHooks {
 public:
  explicit RehearsedHooks(bool attached) {
    wanted_.authenticate = attached;
    for (const auto action : {broker::Action::publish, broker::Action::subscribe})
      wanted_.authorise[static_cast<std::size_t>(action)] = attached;
  }
  const Wanted& wanted(std::uint32_t) const override { return wanted_; }
  broker::Answer authenticate(const broker::ClientFacts& client, const mqtt::Connect&, broker::Question,
                              base::Now) override {
    return answer_of(on_connect(client.username));
  }
  broker::Answer exchange(const broker::ClientFacts&, const broker::Exchange& step, broker::Question,
                          base::Now) override {
    return answer_of(on_exchange(step.method, mqtt::as_text(step.data)));
  }
  broker::Answer authorise(const broker::ClientFacts&, const broker::Access& access, broker::Question,
                           base::Now) override {
    return answer_of(on_access(access.topic));
  }

 private:
  static broker::Answer answer_of(const Rehearsed& said) {
    using broker::Decision;
    broker::Answer answer;
    switch (said.word) {
      case Rehearsed::Word::pass: return answer;
      case Rehearsed::Word::allow: answer.decision = Decision::allow; break;
      case Rehearsed::Word::deny: answer.decision = Decision::deny; break;
      case Rehearsed::Word::disconnect: answer.decision = Decision::disconnect; break;
      case Rehearsed::Word::challenge: answer.decision = Decision::proceed; break;
    }
    answer.reason = static_cast<mqtt::ReasonCode>(said.reason);
    answer.reason_string = said.text;
    answer.authentication_data = said.data;
    answer.server_reference = said.reference;
    return answer;
  }
  Wanted wanted_;
};

}  // namespace mortise::conformance
