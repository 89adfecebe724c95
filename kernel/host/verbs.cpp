#include "host/verbs.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <utility>

#include "config/nearest.hpp"
#include "config/units.hpp"
#include "host/abi_text.hpp"
#include "host/innards.hpp"
#include "host/instance.hpp"
#include "host/schema_walk.hpp"
#include "mqtt/utf8.hpp"

namespace mortise::host {

namespace {

using Outcome = VerbAnswer::Outcome;
using Tell = std::function<void(VerbAnswer)>;

constexpr std::string_view where = "control.run";

std::span<const mortise_command_t> commands_of(const Instance& instance) {
  const mortise_control_t* const table = instance.manifest.control;
  return table ? std::span{table->commands, table->command_count} : std::span<const mortise_command_t>{};
}

Instance* find_instance(const Innards& in, std::string_view name) {
  const std::shared_ptr<const Roster::List> all = in.roster.list();
  const auto found = std::ranges::find(*all, name, &Instance::name);
  return found == all->end() ? nullptr : *found;
}

std::string who(const Instance& instance) { return "plugin " + config::in_quotes(instance.name()); }

VerbAnswer report_it(const Instance& instance, const std::string& what) {
  return {Outcome::failed, who(instance) + ' ' + what,
          "this is a fault of the plugin, report it to its author"};
}

// One question on its way to a plugin and back.
struct Inquiry {
  Instance& instance;
  std::uint32_t command;
  config::Tree arguments;
  std::string caller;
  base::Duration patience;
  Tell tell;

  std::string verb() const { return std::string{view_of(commands_of(instance)[command].verb)}; }
};

VerbAnswer done(Inquiry& asked, std::string data) {
  if (data.empty()) return {Outcome::done, "null", {}};
  if (data.size() > MORTISE_CONTROL_DATA_MAX)
    return asked.instance.fault(where, "an answer of more than 4 MiB"),
           report_it(asked.instance,
                     "has an answer of " + std::to_string(data.size()) + " bytes, where 4 MiB are the most");
  if (!parse_shallow(data, MORTISE_CONTROL_DEPTH_MAX).is_discarded())
    return {Outcome::done, std::move(data), {}};
  asked.instance.fault(where, "an answer that is no JSON, or deeper than 16 maps and lists");
  return report_it(asked.instance, "has an answer that is no JSON, or deeper than 16 maps and lists");
}

VerbAnswer answer_of(Inquiry& asked, Said said) {
  Instance& instance = asked.instance;
  const auto nonsense = [&](const char* what) {
    instance.fault(where, what);
    return report_it(instance, "has answered with " + std::string{what});
  };
  if (said.verdict_too_short) return nonsense("a verdict smaller than its reason code");
  if (!mqtt::is_utf8(said.reason_string) || !mqtt::is_utf8(said.remedy))
    return nonsense("a text that is not UTF-8");
  switch (said.answer) {
    case MORTISE_ALLOW: return done(asked, std::move(said.data));
    case MORTISE_DENY:
      return {said.reason_code == MORTISE_CONTROL_WRONG ? Outcome::wrong : Outcome::failed,
              said.reason_string.empty() ? who(instance) + " refuses, and does not say why"
                                         : std::move(said.reason_string),
              std::move(said.remedy)};
    case MORTISE_FALLBACK:
      return {
          Outcome::failed,
          who(instance) + " could not do it" + (said.reason_string.empty() ? "" : ": " + said.reason_string),
          "the log may say more"};
    default: return nonsense("an answer a verb does not take");
  }
}

VerbAnswer answer_of(Inquiry& asked, Settled how, Said said) {
  if (how.why == Settled::answered) return answer_of(asked, std::move(said));
  if (how.why == Settled::expired)
    return {Outcome::failed,
            who(asked.instance) + " has not answered within " + config::format_duration(asked.patience) +
                "; it may still be at it",
            "the log says how it ends; to wait longer, write --wait=10m"};
  return {Outcome::failed, who(asked.instance) + " is being stopped", "ask again when the broker runs"};
}

void log_outcome(Inquiry& asked, const VerbAnswer& answer) {
  static constexpr std::array<std::string_view, 3> names{"done", "refused", "failed"};
  const std::string verb = asked.verb();
  const std::array<broker::Log::Field, 4> fields{
      {{"plugin", asked.instance.name()},
       {"verb", verb},
       {"by", asked.caller},
       {"outcome", names[static_cast<std::size_t>(answer.outcome)]}}};
  asked.instance.in.log.write(broker::LogLevel::info, "host", "plugin.verb",
                              "a plugin was asked for something", nullptr, fields);
}

// The deadline is the asker's; a plugin that did take the token may want to know.
void say_cancelled(Instance& instance, mortise_token_t token, Settled how) {
  if (!how.given || !instance.manifest.life->cancelled || !instance.is_open()) return;
  const std::uint32_t why = how.why == Settled::expired ? std::uint32_t{MORTISE_CANCEL_DEADLINE}
                                                        : std::uint32_t{MORTISE_CANCEL_DRAIN};
  instance.strand.post_always([&instance, token, why] {  // no more of them than there are open tokens
    instance.guarded("cancelled", [&] { instance.manifest.life->cancelled(instance.self, token, why); });
  });
}

void settle(const std::shared_ptr<Inquiry>& asked, mortise_token_t token, Settled how, Said said) {
  VerbAnswer answer = answer_of(*asked, how, std::move(said));
  log_outcome(*asked, answer);
  if (how.why != Settled::answered) say_cancelled(asked->instance, token, how);
  asked->tell(std::move(answer));
}

void run(const std::shared_ptr<Inquiry>& asked, mortise_token_t token) {
  Instance& instance = asked->instance;
  Tokens& tokens = instance.in.tokens;
  if (!tokens.is_open(token)) return;  // too late while it waited for the strand
  if (!instance.is(State::running)) return tokens.cancel(token);
  CallContext context{instance};
  context.token = token;
  mortise_call_t call = instance.quiet_call(&context);
  mortise_request_t request{};
  request.size = sizeof request;
  request.command = asked->command;
  request.arguments = reinterpret_cast<const mortise_node_t*>(&asked->arguments);
  request.caller = abi_str(asked->caller);
  Said said;
  try {
    said.answer = instance.manifest.control->run(instance.self, &call, &request);
  } catch (const std::exception& thrown) {
    instance.fault(where, thrown.what());
    said.reason_string = thrown.what();
  } catch (...) {
    instance.fault(where, "an exception of unknown type");
  }
  if (said.answer == MORTISE_PENDING && context.token_is_taken) return;
  if (said.answer == MORTISE_PENDING) {
    instance.fault(where, "PENDING without a token");
    said.answer = MORTISE_FALLBACK;
  }
  if (said.answer == MORTISE_REPLIED && context.said) said = std::move(*context.said);
  tokens.answer(instance, token, std::move(said));
}

// The token is the host's until the plugin asks for it, so that the strand's queue counts, too.
void post(const std::shared_ptr<Inquiry>& asked) {
  Instance& instance = asked->instance;
  Tokens& tokens = instance.in.tokens;
  const mortise_token_t token = tokens.open(instance, monotonic_now() + asked->patience);
  tokens.commit(token,
                [asked, token](Settled how, Said said) { settle(asked, token, how, std::move(said)); });
  if (instance.strand.post([asked, token] { run(asked, token); })) return;
  Said late;
  late.reason_string = "its strand is too far behind";
  tokens.answer(instance, token, std::move(late));
}

base::Result<std::uint32_t, config::Refusal> find_command(const Instance& instance, const std::string& verb) {
  std::vector<std::string_view> known;
  for (const mortise_command_t& one : commands_of(instance)) known.push_back(view_of(one.verb));
  const auto found = std::ranges::find(known, verb);
  if (found != known.end()) return static_cast<std::uint32_t>(found - known.begin());
  known.push_back("help");
  const auto nearest = config::nearest_name(verb, known);
  return base::Failure{config::Refusal{who(instance) + " has no verb " + config::in_quotes(verb),
                                       nearest ? "did you mean " + std::string{*nearest} + "?"
                                               : "mortise ctl " + instance.name() + " lists what it has"}};
}

VerbAnswer help_about(const Instance& instance, const VerbWords& asked) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  if (asked.words.empty()) {
    for (const VerbRow& row : verbs_of(instance.in, instance.name()))
      rows.push_back({{"verb", row.verb}, {"words", row.words}, {"summary", row.summary}});
    return {Outcome::done, rows.dump(), {}};
  }
  const auto command = find_command(instance, asked.words.front());
  if (!command) return {Outcome::wrong, command.error().text, command.error().remedy};
  for (const ArgumentRow& row : arguments_of(view_of(commands_of(instance)[*command].arguments_schema)))
    rows.push_back({{"argument", row.name}, {"default", row.otherwise}, {"description", row.description}});
  return {Outcome::done, rows.dump(), {}};
}

}  // namespace

std::vector<VerbRow> verbs_of(const Innards& in, const std::string& instance) {
  std::vector<VerbRow> rows;
  const std::shared_ptr<const Roster::List> all = in.roster.list();
  for (const Instance* const one : *all) {
    if (!one->is(State::running) || (!instance.empty() && one->name() != instance)) continue;
    for (const mortise_command_t& command : commands_of(*one))
      rows.push_back({one->name(), std::string{view_of(command.verb)},
                      usage_of(view_of(command.arguments_schema)), std::string{view_of(command.summary)}});
  }
  return rows;
}

std::vector<std::string> instances_with_verbs(const Innards& in) {
  std::vector<std::string> names;
  const std::shared_ptr<const Roster::List> all = in.roster.list();
  for (const Instance* const one : *all)
    if (one->manifest.control) names.push_back(one->name());
  return names;
}

void ask_verb(Innards& in, const VerbQuestion& question, Tell tell) {
  const VerbWords& words = question.words;
  Instance* const instance = find_instance(in, words.instance);
  if (!instance || !instance->manifest.control)
    return tell({Outcome::wrong, "no plugin instance " + config::in_quotes(words.instance) + " has verbs",
                 "mortise ctl help lists what there is"});
  if (!instance->is(State::running))
    return tell({Outcome::failed, who(*instance) + " does not run", "the log says why"});
  if (words.verb == "help") return tell(help_about(*instance, words));
  const auto command = find_command(*instance, words.verb);
  if (!command) return tell({Outcome::wrong, command.error().text, command.error().remedy});
  auto arguments = read_arguments(view_of(commands_of(*instance)[*command].arguments_schema), words,
                                  instance->file.string());
  if (!arguments) return tell({Outcome::wrong, arguments.error().text, arguments.error().remedy});
  post(std::shared_ptr<Inquiry>{new Inquiry{*instance, *command, std::move(*arguments), question.caller,
                                            question.patience, std::move(tell)}});
}

}  // namespace mortise::host
