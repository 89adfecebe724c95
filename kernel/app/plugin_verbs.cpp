#include "app/plugin_verbs.hpp"

#include <chrono>

namespace mortise::app {

namespace {

constexpr std::int64_t wait_max_s = 24 * 60 * 60;

base::Duration patience_of(const ControlJson& asked) {
  const host::VerbQuestion usual;
  if (!asked.contains("wait_s")) return usual.patience;
  const ControlJson& wait = asked["wait_s"];
  if (!wait.is_number_integer() || wait.get<std::int64_t>() < 1 || wait.get<std::int64_t>() > wait_max_s)
    throw Refused{"wait_s is not a whole number of seconds from 1 to 86400",
                  R"(write such as {"wait_s": 600})", true};
  return std::chrono::seconds{wait.get<std::int64_t>()};
}

}  // namespace

ControlJson PluginVerbs::help() const {
  ControlJson rows = ControlJson::array();
  for (const host::VerbRow& row : host_.verbs())
    rows.push_back({{"verb", row.instance + ' ' + row.verb},
                    {"words", row.words},
                    {"options", ""},
                    {"summary", row.summary}});
  return rows;
}

void PluginVerbs::ask(const std::string& instance, const ControlJson& asked, const std::string& caller,
                      Tell tell) const {
  const Words words = Words::of(asked);
  host::VerbQuestion question;
  question.words.instance = instance;
  question.words.verb = words.all().empty() ? "help" : words.all().front();
  if (!words.all().empty()) question.words.words.assign(words.all().begin() + 1, words.all().end());
  question.words.options = words.options();
  question.caller = caller;
  question.patience = patience_of(asked);
  host_.ask_verb(question, std::move(tell));
}

}  // namespace mortise::app
