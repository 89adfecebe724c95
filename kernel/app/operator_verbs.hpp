// The verbs of the broker itself on the control socket: what an operator asks and does.
//
// Thread: the control server's; what belongs to a loop or to the main thread is asked there, and waited for.
// Fails:  by throwing Refused.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

#include "app/control_verbs.hpp"
#include "app/control_words.hpp"

namespace mortise::app {

struct OperatorVerb {
  struct Answered {
    ControlJson result;
    std::uint64_t left_out = 0;  // rows beyond --limit
  };

  std::string_view name;
  std::string_view words;
  std::string_view summary;
  std::vector<std::string_view> options;  // "limit=" takes a value, "away" does not
  std::function<Answered(const ControlVerbs::Reach&, const Words&)> run;
};

const std::vector<OperatorVerb>& operator_verbs();

}  // namespace mortise::app
