#include "host/verb_table.hpp"

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>

#include "config/finding.hpp"
#include "host/abi_text.hpp"
#include "host/arguments.hpp"
#include "host/schema_check.hpp"

namespace mortise::host {

namespace {

constexpr std::size_t verbs_max = 64;
constexpr std::size_t name_max = 32;

// A word of a command line that needs no quotes and no second look.
bool is_word(std::string_view text) {
  const auto is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
  return !text.empty() && text.size() <= name_max && is_letter(text.front()) &&
         std::ranges::all_of(
             text, [&](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '_'; });
}

std::string problem_of_arguments(std::string_view verb, std::string_view schema) {
  const std::string whose = "has arguments of the verb " + std::string{verb};
  if (const std::string why = fault_of_schema(schema); !why.empty())
    return whose + " whose JSON Schema is broken: " + why;
  for (const ArgumentRow& row : arguments_of(schema))
    if (!is_word(row.name)) return whose + " with the name " + config::in_quotes(row.name);
  return {};
}

}  // namespace

std::string problem_of_verbs(const mortise_control_t& table) {
  if (table.command_count == 0 || table.command_count > verbs_max)
    return "lists " + std::to_string(table.command_count) + " verbs, where 1 to " +
           std::to_string(verbs_max) + " are allowed";
  const std::span commands{table.commands, table.command_count};
  for (std::size_t i = 0; i < commands.size(); ++i) {
    const std::string_view verb = view_of(commands[i].verb);
    if (!is_word(verb)) return "lists the verb " + config::in_quotes(verb) + ", which is no word";
    if (verb == "help") return "lists the verb help, which is the broker's own";
    if (view_of(commands[i].summary).empty())
      return "lists the verb " + std::string{verb} + " without a summary";
    for (std::size_t j = 0; j < i; ++j)
      if (view_of(commands[j].verb) == verb) return "lists the verb " + std::string{verb} + " twice";
    if (!commands[i].arguments_schema) continue;
    if (std::string problem = problem_of_arguments(verb, commands[i].arguments_schema); !problem.empty())
      return problem;
  }
  return {};
}

}  // namespace mortise::host
