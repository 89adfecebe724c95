// The rehearsed plugin as a plugin.
#include "../rehearsed.hpp"

#include <mortise/plugin.hpp>

namespace {

using mortise::conformance::Rehearsed;

mortise::answer say(const mortise::call& call, const Rehearsed& said) {
  const mortise::details more{.reason_code = said.reason,
                              .reason_string = said.text,
                              .authentication_data = said.data,
                              .server_reference = said.reference};
  switch (said.word) {
    case Rehearsed::Word::allow: return call.reply(mortise::allow, more);
    case Rehearsed::Word::deny: return call.reply(mortise::deny, more);
    case Rehearsed::Word::disconnect: return call.reply(mortise::answer{MORTISE_DISCONNECT}, more);
    case Rehearsed::Word::challenge: return call.challenge(said.data);
    case Rehearsed::Word::pass: break;
  }
  return mortise::pass;
}

class RehearsedPlugin {
 public:
  static constexpr const char* licence = "Apache-2.0";
  static constexpr const char* summary = "says what the transcripts expect";

  explicit RehearsedPlugin(mortise::host) {}

  mortise::answer authenticate(mortise::call call, const mortise_connect_t& connect) {
    return say(call, mortise::conformance::on_connect(mortise::view(connect.username)));
  }
  mortise::answer exchange(mortise::call call, const mortise_exchange_t& step) {
    return say(call,
               mortise::conformance::on_exchange(mortise::view(step.method), mortise::characters(step.data)));
  }
  mortise::answer authorise(mortise::call call, const mortise_access_t& access) {
    return say(call, mortise::conformance::on_access(mortise::view(access.topic)));
  }
};

}  // namespace

MORTISE_PLUGIN(RehearsedPlugin, "org.mortise.rehearsed", "1.0.0", nullptr);
