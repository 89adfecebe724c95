// access.yaml: who may publish, subscribe and receive what.
//
// Thread: any; unchanged once read.
// Cost: the rules that name the client, in order, up to the first that decides; one look-up by user name. No
//       allocation unless something is denied for want of a rule.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pattern.hpp"
#include "psk_keys.hpp"
#include "users.hpp"
#include "yaml.hpp"

namespace mortise::auth_file {

enum class Action : std::uint8_t { publish, subscribe, receive };
inline constexpr std::size_t action_count = 3;

// One line of the file.
struct Rule {
  enum class Subject : std::uint8_t { user, group, client } subject = Subject::group;
  std::string name;
  bool allows = true;
  std::array<std::string, action_count> words;  // how the rule calls each action it speaks of; else empty
  std::vector<Pattern> topics;
  std::vector<std::array<std::string, action_count>>
      sentences;  // per topic: "access.yaml:14 pumps may not …"

  bool speaks_of(Action action) const { return !words[static_cast<std::size_t>(action)].empty(); }
};

// Who asks for what. Views, for the call.
struct Question {
  std::optional<std::string_view> username;
  std::string_view client_id;
  Action action = Action::publish;
  std::string_view topic;  // for subscribe: the filter
};

struct Ruling {
  bool allowed = false;
  std::string_view rule;  // the sentence of the rule that decided; empty: no rule did
};

class Access {
 public:
  // The first rule that names the client and has the topic decides. None: denied.
  //
  // A filter is allowed by a rule that covers all of it. It is denied by a rule that covers it, and by one
  // that meets a part of it, unless that rule forbids to receive, too: then the filter is granted and those
  // messages are held back one by one.
  Ruling judge(const Question& question) const;

  // Why a question was denied that no rule decided.
  std::string no_rule_for(const Question& question) const;

 private:
  friend class AccessReader;
  using List = std::array<std::vector<const Rule*>, action_count>;

  const List& rules_for(const std::optional<std::string_view>& username) const;
  void compile(const Users* users);
  void add(List& list, const Rule& rule);

  std::string file_;
  std::deque<Rule> rules_;
  List anonymous_;
  List everyone_;  // with a user name that has no list of its own
  ByName<List> by_user_;
};

// Reads the text of `file`. With `users`, rules may only name groups that are there. A rule for a user who is
// neither there nor an identity of `keys`, which may be null, gets a warning: it forbids what it forbids, and
// allows nothing. Without `users` another plugin knows the users, and no group but anonymous and everyone is
// known. Every mistake is added; empty only if the text cannot be followed at all.
std::optional<Access> read_access(const std::string& text, const std::string& file, const Users* users,
                                  const PskKeys* keys, Mistakes& mistakes);

}  // namespace mortise::auth_file
