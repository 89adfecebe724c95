#include "app/control_verbs.hpp"

#include <algorithm>
#include <utility>

#include "app/operator_verbs.hpp"
#include "config/nearest.hpp"

namespace mortise::app {

namespace {

using Json = ControlJson;

Json all_verbs(const PluginVerbs& of_plugins) {
  Json rows = Json::array();
  rows.push_back({{"verb", "help"},
                  {"words", "[VERB]"},
                  {"options", ""},
                  {"summary", "every verb, or those that begin with these words"}});
  for (const OperatorVerb& verb : operator_verbs()) {
    std::string options;
    for (const std::string_view option : verb.options)
      options += (options.empty() ? "--" : " --") + std::string{option};
    rows.push_back(
        {{"verb", verb.name}, {"words", verb.words}, {"options", options}, {"summary", verb.summary}});
  }
  for (Json& row : of_plugins.help()) rows.push_back(std::move(row));
  return rows;
}

// What to do about a name nobody knows.
std::string remedy_for(const std::string& wrong, const std::vector<std::string_view>& known,
                       const std::string& dashes = {}) {
  const auto nearest = config::nearest_name(wrong, known);
  return !nearest ? "mortise ctl help lists them" : "did you mean " + dashes + std::string{*nearest} + "?";
}

const OperatorVerb* find_verb(const std::string& name) {
  const auto found = std::ranges::find(operator_verbs(), name, &OperatorVerb::name);
  return found == operator_verbs().end() ? nullptr : &*found;
}

Refused no_such_verb(const std::string& name, const std::vector<std::string>& instances) {
  std::vector<std::string_view> known{"help"};
  for (const OperatorVerb& one : operator_verbs()) known.push_back(one.name);
  known.insert(known.end(), instances.begin(), instances.end());
  return {"there is no verb \"" + name + "\", and no plugin instance of that name with verbs",
          remedy_for(name, known), true};
}

// Of all there are, or of those whose names begin with these words.
Json help(const PluginVerbs& of_plugins, const Json& asked) {
  std::string wanted;
  const Words words = Words::of(asked);
  for (const std::string& word : words.all()) wanted += (wanted.empty() ? "" : " ") + word;
  Json all = all_verbs(of_plugins);
  if (wanted.empty()) return all;
  Json rows = Json::array();
  for (const Json& row : all)
    if ((row["verb"].get<std::string>() + " ").starts_with(wanted + " ")) rows.push_back(row);
  if (!rows.empty()) return rows;
  std::vector<std::string> names = of_plugins.instances();
  for (const Json& row : all) names.push_back(row["verb"].get<std::string>());
  throw Refused{"there is no verb \"" + wanted + "\"", remedy_for(wanted, {names.begin(), names.end()}),
                true};
}

// Its name without the sign that it takes a value.
std::string_view bare(std::string_view option) {
  return option.ends_with('=') ? option.substr(0, option.size() - 1) : option;
}

void check_option(const OperatorVerb& verb, const std::string& name, const std::string& value,
                  const Words& words) {
  const auto option = std::ranges::find(verb.options, std::string_view{name}, bare);
  if (option == verb.options.end()) {
    std::vector<std::string_view> known;
    for (const std::string_view one : verb.options) known.push_back(bare(one));
    throw Refused{"\"" + std::string{verb.name} + "\" has no option --" + name, remedy_for(name, known, "--"),
                  true};
  }
  const bool takes_value = option->ends_with('=');
  if (takes_value && value.empty())
    throw Refused{"--" + name + " has no value",
                  "write --" + name + "=" + (words.all().empty() ? "…" : words.all().front()), true};
  if (!takes_value && !value.empty() && value != "true")
    throw Refused{"--" + name + " takes no value", "write --" + name + " alone", true};
}

Words words_of(const OperatorVerb& verb, const Json& asked, const std::string& caller) {
  Words words = Words::of(asked, caller);
  for (const auto& [name, value] : words.options()) check_option(verb, name, value, words);
  if (verb.words.empty() && !words.all().empty())
    throw Refused{"\"" + std::string{verb.name} + "\" takes no words",
                  "leave out \"" + words.all().front() + "\"", true};
  return words;
}

Json read_request(const std::string& request) {
  // What lies deeper than any request does not reach functions that call themselves.
  const auto is_shallow = [](int depth, Json::parse_event_t, Json&) { return depth < 8; };
  Json asked = Json::parse(request, is_shallow, false);
  if (!asked.is_object() || !asked.contains("verb") || !asked["verb"].is_string())
    throw Refused{"this is no request", R"(send a line such as {"verb": "status"})", true};
  return asked;
}

std::string line_of(const Json& what) { return what.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string refusal_line(const Refused& refused) {
  Json line{{"ok", false},
            {"kind", refused.is_wrong ? "wrong" : "failed"},
            {"error", refused.error},
            {"remedy", refused.remedy}};
  if (!refused.details.empty()) line["details"] = refused.details;
  return line_of(line);
}

std::string line_of(OperatorVerb::Answered answered) {
  Json line{{"ok", true}, {"result", std::move(answered.result)}};
  if (answered.left_out != 0) line["left_out"] = answered.left_out;
  return line_of(line);
}

std::string line_of(const host::VerbAnswer& answer) {
  using Outcome = host::VerbAnswer::Outcome;
  if (answer.outcome == Outcome::done)
    return line_of({{"ok", true}, {"result", Json::parse(answer.text, nullptr, false)}});
  return refusal_line({answer.text, answer.remedy, answer.outcome == Outcome::wrong});
}

}  // namespace

ControlVerbs::ControlVerbs(Reach reach) : reach_{std::move(reach)}, of_plugins_{reach_.host} {}

void ControlVerbs::answer(const std::string& request, const std::string& caller, const Reply& reply) const {
  try {
    const Json asked = read_request(request);
    const auto name = asked["verb"].get<std::string>();
    const std::vector<std::string> instances = of_plugins_.instances();
    if (name == "help")
      reply(line_of({{"ok", true}, {"result", help(of_plugins_, asked)}}));
    else if (const OperatorVerb* const verb = find_verb(name))
      reply(line_of(verb->run(reach_, words_of(*verb, asked, caller))));
    else if (std::ranges::find(instances, name) != instances.end())
      of_plugins_.ask(name, asked, caller,
                      [reply](const host::VerbAnswer& answer) { reply(line_of(answer)); });
    else
      throw no_such_verb(name, instances);
  } catch (const Refused& refused) {
    reply(refusal_line(refused));
  } catch (const std::exception& fault) {
    reply(refusal_line({fault.what(), "report it: this is a fault of the broker"}));
  }
}

std::vector<std::string> ControlVerbs::hidden_instances() const {
  std::vector<std::string> hidden = of_plugins_.instances();
  std::erase_if(hidden, [](const std::string& name) { return name != "help" && !find_verb(name); });
  return hidden;
}

}  // namespace mortise::app
