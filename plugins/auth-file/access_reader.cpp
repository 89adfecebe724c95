// access.yaml into rules.
#include <algorithm>

#include "access.hpp"
#include "nearest.hpp"

namespace mortise::auth_file {

namespace {

struct Word {
  std::string_view word;
  std::array<bool, action_count> means;  // publish, subscribe, receive
};
constexpr std::array<Word, 5> words{{{"publish", {true, false, false}},
                                     {"subscribe", {false, true, false}},
                                     {"receive", {false, false, true}},
                                     {"write", {true, false, false}},
                                     {"read", {false, true, true}}}};

std::string join(std::initializer_list<std::string_view> parts) {
  std::string out;
  for (const std::string_view part : parts) out += part;
  return out;
}

}  // namespace

class AccessReader {
 public:
  AccessReader(const std::string& file, const Users* users, const PskKeys* keys, Mistakes& mistakes)
      : yaml_{file, mistakes}, users_{users}, keys_{keys} {
    out_.file_ = file;
  }

  std::optional<Access> read(const std::string& text) {
    const auto root = yaml_.parse(text);
    if (!root) return std::nullopt;
    const auto keys = yaml_.map(*root, {}, {"rules"});
    if (const auto rules = yaml_.required(keys, "rules", "nobody could do anything")) {
      std::size_t index = 0;
      for (const YAML::Node& entry : yaml_.list(*rules, "rules"))
        read_rule(entry, "rules/" + std::to_string(index++));
    }
    out_.compile(users_);
    return std::move(out_);
  }

 private:
  using Keys = std::map<std::string, YAML::Node>;

  void read_rule(const YAML::Node& node, const std::string& path) {
    const Keys keys = yaml_.map(node, path, {"user", "group", "client", "may", "may_not", "topics"});
    if (!node.IsMap()) {
      if (node.IsNull()) yaml_.complain(node, path, "is empty", "remove the dash");
      return;
    }
    Rule rule;
    const bool is_of_users = read_subject(node, keys, path, rule);
    read_actions(node, keys, path, rule);
    read_topics(node, keys, path, rule);
    const std::string subject{rule.subject == Rule::Subject::client ? "client " + rule.name : rule.name};
    for (const Pattern& topic : rule.topics) {
      auto& sentences = rule.sentences.emplace_back();
      for (std::size_t action = 0; action < action_count; ++action)
        if (!rule.words[action].empty())
          sentences[action] =
              join({yaml_.file(), ":", std::to_string(line_of(node)), " ", subject,
                    rule.allows ? " may " : " may not ", rule.words[action], " ", topic.text()});
    }
    // A name of nobody here may come in by another authenticator: it gets nothing, and what it may not it may
    // not.
    if (is_of_users || !rule.allows) out_.rules_.push_back(std::move(rule));
  }

  // Whether there is such a subject.
  bool read_subject(const YAML::Node& node, const Keys& keys, const std::string& path, Rule& rule) {
    const auto count = keys.count("user") + keys.count("group") + keys.count("client");
    if (count != 1) {
      yaml_.complain(node, path, count == 0 ? "does not say whom it is for" : "is for more than one",
                     "give one of user, group, client");
      return false;
    }
    const std::string key = keys.contains("user") ? "user" : keys.contains("group") ? "group" : "client";
    rule.subject = key == "user"    ? Rule::Subject::user
                   : key == "group" ? Rule::Subject::group
                                    : Rule::Subject::client;
    const std::string place = path + "/" + key;
    const auto name = yaml_.text(keys.at(key), place);
    if (!name) return false;
    rule.name = *name;
    if (rule.subject == Rule::Subject::user)
      return is_user(keys.at(key), place, *name, keys.contains("may_not"));
    if (rule.subject == Rule::Subject::group) check_group(keys.at(key), place, *name);
    return true;
  }

  // That there is none must not keep users.yaml out: whoever was removed there is not to get in because of a
  // rule that has stayed.
  bool is_user(const YAML::Node& at, const std::string& place, const std::string& name, bool forbids) {
    if (!users_ || users_->find(name) || (keys_ && keys_->find(name))) return true;
    std::vector<std::string> known;
    for (const auto& [each, user] : users_->by_name) known.push_back(each);
    std::ranges::sort(known);
    const std::string meant = suggestion(name, known);
    yaml_.warn(at, place,
               join({"there is no user \"", name, "\" in ", users_->file,
                     keys_ ? " and no such identity in " : "", keys_ ? keys_->file : "",
                     forbids ? ", so the rule holds only for one whom another authenticator lets in"
                             : ", so the rule allows nobody anything"}),
               meant.empty() ? "remove it, or add the user with mortise passwd" : meant);
    return false;
  }

  void check_group(const YAML::Node& at, const std::string& place, const std::string& name) {
    std::vector<std::string> known{std::string{anonymous_group}, std::string{everyone_group}};
    if (users_) known.insert(known.end(), users_->groups.begin(), users_->groups.end());
    if (std::ranges::find(known, name) != known.end()) return;
    const std::string meant = suggestion(name, known);
    const std::string add =
        users_ ? "name it in the list groups of " + users_->file : "use anonymous or everyone";
    yaml_.complain(at, place, join({"there is no group \"", name, "\""}), meant.empty() ? add : meant);
  }

  void read_actions(const YAML::Node& node, const Keys& keys, const std::string& path, Rule& rule) {
    const bool may = keys.contains("may");
    if (may == keys.contains("may_not"))
      return yaml_.complain(node, path, may ? "has both may and may_not" : "says neither may nor may_not",
                            may ? "make two rules of it" : "give one of them, such as may: [read]");
    rule.allows = may;
    const std::string key = may ? "may" : "may_not";
    const auto entries = yaml_.list(keys.at(key), path + "/" + key);
    if (entries.empty() && (keys.at(key).IsSequence() || keys.at(key).IsNull()))
      yaml_.complain(keys.at(key), path + "/" + key, "names no action",
                     "use publish, subscribe, receive, write (publish) or read (subscribe and receive)");
    for (std::size_t i = 0; i < entries.size(); ++i)
      read_word(entries[i], path + "/" + key + "/" + std::to_string(i), rule);
  }

  void read_word(const YAML::Node& node, const std::string& path, Rule& rule) {
    const auto text = yaml_.text(node, path);
    if (!text) return;
    const auto* word = std::ranges::find(words, *text, &Word::word);
    if (word == words.end()) {
      const std::string meant = suggestion(*text, {"publish", "subscribe", "receive", "write", "read"});
      return yaml_.complain(node, path, "\"" + *text + "\" is no action",
                            meant.empty() ? "use publish, subscribe, receive, write or read" : meant);
    }
    for (std::size_t action = 0; action < action_count; ++action) {
      if (!word->means[action]) continue;
      if (!rule.words[action].empty())
        return yaml_.complain(
            node, path, "\"" + *text + "\" is said already by \"" + rule.words[action] + "\"", "remove one");
      rule.words[action] = *text;
    }
  }

  void read_topics(const YAML::Node& node, const Keys& keys, const std::string& path, Rule& rule) {
    if (!keys.contains("topics"))
      return yaml_.complain(node, path, "has no topics", "give a list: topics: [\"#\"]");
    const std::string place = path + "/topics";
    const auto entries = yaml_.list(keys.at("topics"), place);
    if (entries.empty() && (keys.at("topics").IsSequence() || keys.at("topics").IsNull()))
      yaml_.complain(keys.at("topics"), place, "names no topic", "give at least one, or remove the rule");
    for (std::size_t i = 0; i < entries.size(); ++i) {
      const std::string at = place + "/" + std::to_string(i);
      const auto text = yaml_.text(entries[i], at);
      if (!text) continue;
      std::string fault;
      auto pattern = Pattern::parse(*text, fault);
      if (pattern)
        rule.topics.push_back(std::move(*pattern));
      else
        yaml_.complain(entries[i], at, "\"" + *text + "\": " + fault);
    }
  }

  YamlReader yaml_;
  const Users* users_;
  const PskKeys* keys_;
  Access out_;
};

std::optional<Access> read_access(const std::string& text, const std::string& file, const Users* users,
                                  const PskKeys* keys, Mistakes& mistakes) {
  return AccessReader{file, users, keys, mistakes}.read(text);
}

}  // namespace mortise::auth_file
