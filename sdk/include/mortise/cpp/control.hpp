// Verbs of a plugin in `mortise ctl`: what a class lists, and what their functions are given.
//
//   static constexpr auto verbs() {
//     return std::array{mortise::verb<Plugin>{"count", "how many there are", nullptr, &Plugin::count}};
//   }
//   mortise::answer count(mortise::call now, const mortise::request&) {
//     return now.result(mortise::document{}.add("count", count_).text());
//   }
//
// Thread: the functions on the strand.
// Fails:  a function that throws a finding refuses what was asked: its pointer is a place in the arguments,
//         such as "/for". Whatever else it throws is a fault.
#pragma once

#include <string>
#include <string_view>

#include "mortise/cpp/answer.hpp"
#include "mortise/cpp/config.hpp"
#include "mortise/cpp/document.hpp"

namespace mortise {

// What an operator has asked for. Lives until the function returns.
struct request {
  config arguments;         // as the verb's schema accepts them, with its defaults
  std::string_view caller;  // for a log line
};

// See mortise_command_t.
template <class Plugin>
struct verb {
  const char* name;
  const char* summary;
  const char* arguments;  // JSON Schema of a map; nullptr: there are none
  answer (Plugin::*run)(call, const request&);
};

namespace detail {

// "/for: is more than 24h" for whom it concerns: "for: is more than 24h".
inline answer refuse_arguments(call now, const finding& wrong) noexcept {
  const std::string place = wrong.pointer().empty() ? "" : wrong.pointer().substr(1) + ": ";
  return now.reply(deny, {.reason_code = MORTISE_CONTROL_WRONG,
                          .reason_string = place + wrong.what(),
                          .remedy = wrong.remedy()});
}

}  // namespace detail
}  // namespace mortise
