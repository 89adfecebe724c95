#include "plugin.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "password.hpp"

namespace mortise::auth_file {

namespace {

constexpr std::uint8_t server_busy = 0x89;  // MQTT 5.0 table 3-1

// As long as clients commonly wait for a CONNACK. The host's own deadline is for answers that take moments;
// behind others' hashes it would pass, and its denial reads "bad user name or password".
constexpr std::uint32_t deadline_ms = 30'000;

// A password on its way to the worker pool.
struct Login {
  token waiting;
  std::shared_ptr<const Files> files;
  std::string username;
  std::string password;

  ~Login() { wipe(password); }

  void decide() {
    const User* user = files->users->find(username);
    const bool right = is_password(password, user ? user->hash : files->users->stand_in());
    if (!user)
      waiting.reply(pass);  // not ours: the next plugin may know it
    else if (right)
      waiting.reply(allow);
    else
      waiting.reply(deny,
                    {.rule = files->users->file + ":" + std::to_string(user->line) + " another password"});
  }
};

std::optional<Action> action_of(std::uint32_t action) {
  switch (action) {
    case MORTISE_PUBLISH:
    case MORTISE_WILL: return Action::publish;
    case MORTISE_SUBSCRIBE: return Action::subscribe;
    case MORTISE_RECEIVE: return Action::receive;
    default: return std::nullopt;
  }
}

}  // namespace

bool WaitingLogins::add(mortise_token_t id) {
  const std::lock_guard lock{mutex_};
  return tokens_.size() < max && tokens_.insert(id.id).second;
}

bool WaitingLogins::take(mortise_token_t id) {
  const std::lock_guard lock{mutex_};
  return tokens_.erase(id.id) > 0;
}

namespace {

std::string path_of(std::string_view folder, const std::string& name) {
  return (std::filesystem::path{folder} / name).string();
}

// What the setting `key` names, read; empty if it is not set, or with a mistake if it cannot be read.
std::optional<std::string> content_of(const config& from, const std::string& key, std::string_view folder,
                                      Mistakes& mistakes, Holds holds = Holds::settings) {
  const std::string name{from.text("/" + key, "")};
  if (name.empty()) return std::nullopt;
  auto text = read_file(path_of(folder, name), name, mistakes, holds);
  if (!text) mistakes.back().setting = "/" + key;
  return text;
}

finding finding_of(const Mistake& mistake, std::string_view folder) {
  const std::string path = path_of(folder, mistake.file);
  if (!mistake.setting.empty()) return {mistake.setting, path + " " + mistake.text, mistake.remedy};
  return finding{{}, mistake.text, mistake.remedy}.in(path, mistake.line, mistake.column);
}

// The parser's own copies of the digits are out of reach, and go with its nodes.
std::optional<PskKeys> keys_of(const config& from, std::string_view folder, Mistakes& mistakes) {
  auto text = content_of(from, "psk", folder, mistakes, Holds::keys);
  if (!text) return std::nullopt;
  auto keys = read_psk_keys(*text, std::string{from.text("/psk")}, mistakes);
  wipe(*text);
  return keys;
}

std::shared_ptr<const Files> read_files(const config& from, const host& to) {
  const std::string_view folder = to.config_dir();
  auto out = std::make_shared<Files>();
  Mistakes mistakes;
  if (const auto text = content_of(from, "users", folder, mistakes))
    out->users = read_users(*text, std::string{from.text("/users")}, mistakes);
  // Users that could not be read would make a mistake of every rule that names one; keys, too.
  const bool knows_users = mistakes.empty() || (out->users && !out->users->by_name.empty());
  const std::size_t before = mistakes.size();
  out->keys = keys_of(from, folder, mistakes);
  const bool knows_names = knows_users && mistakes.size() == before;
  if (const auto text = content_of(from, "access", folder, mistakes); text && knows_names)
    out->access = read_access(*text, std::string{from.text("/access")}, out->users ? &*out->users : nullptr,
                              out->keys ? &*out->keys : nullptr, mistakes);
  std::vector<finding> errors;
  for (const Mistake& each : mistakes)
    if (each.is_warning)
      to.warn(finding_of(each, folder));
    else
      errors.push_back(finding_of(each, folder));
  if (!errors.empty()) throw findings{std::move(errors)};
  return out;
}

}  // namespace

Plugin::Plugin(host to, config from) : host_{to} {
  if (!from.at("/users") && !from.at("/access") && !from.at("/psk"))
    throw finding{{}, "names none of users, access and psk", "give at least one of the three files"};
  files_.set(read_files(from, host_));
}

void Plugin::start() { attach_to(*files_.get()); }

void Plugin::attach_to(const Files& files) {
  attach_or_detach(files.users.has_value(), authenticates_, MORTISE_AUTHENTICATE,
                   {.deadline_ms = deadline_ms});
  attach_or_detach(files.keys.has_value(), finds_keys_, MORTISE_PSK, {});
  attach_or_detach(files.access.has_value(), authorises_, MORTISE_AUTHORISE,
                   {.kinds = {MORTISE_PUBLISH, MORTISE_SUBSCRIBE, MORTISE_RECEIVE, MORTISE_WILL}});
}

void Plugin::attach_or_detach(bool wanted, std::optional<mortise_hook_t>& hook, const char* extension,
                              const attach& how) {
  if (wanted && !hook) hook = host_.attach(extension, how);
  if (!wanted && hook) host_.detach(*std::exchange(hook, std::nullopt));
}

answer Plugin::authenticate(call now, const mortise_connect_t& who) {
  if (!who.has_username) return pass;  // the listener says whether such clients may enter
  auto files = files_.get();
  if (!files->users) return pass;  // a reload took the file out a moment ago
  auto waiting = now.defer();
  if (!waiting) return now.deny(server_busy);
  // A shared pointer because the way to the pool wants what can be copied.
  const std::shared_ptr<Login> login{new Login{std::move(*waiting), std::move(files),
                                               std::string{view(who.username)},
                                               std::string{characters(who.password)}}};
  const mortise_token_t id = login->waiting.id();
  if (!logins_.add(id)) {
    login->waiting.reply(deny, {.reason_code = server_busy});
    return pending;
  }
  const auto work = [this, login, id] {
    // Nobody would hear the answer, and those behind it still wait for theirs.
    if (logins_.take(id))
      login->decide();
    else
      login->waiting.forget();
  };
  if (!host_.submit(work)) {
    logins_.take(id);
    login->waiting.reply(deny, {.reason_code = server_busy});
  }
  return pending;
}

void Plugin::cancelled(mortise_token_t id, std::uint32_t) { logins_.take(id); }

answer Plugin::authorise(call now, const mortise_access_t& asked) {
  const auto action = action_of(asked.action);
  if (!action) return pass;
  Question question{std::nullopt, view(asked.client->client_id), *action, view(asked.topic)};
  if (asked.client->username.data) question.username = view(asked.client->username);
  return files_.on_loop(now.loop(), [&](const Files& files) {
    if (!files.access) return pass;
    const Ruling ruling = files.access->judge(question);
    if (ruling.allowed) return allow;
    if (!ruling.rule.empty()) return now.deny(0, {}, ruling.rule);
    return now.deny(0, {}, files.access->no_rule_for(question));
  });
}

answer Plugin::find_psk(call now, const mortise_psk_query_t& asked, mortise_psk_key_t& key) {
  return files_.on_loop(now.loop(), [&](const Files& files) {
    const PskKeys::Entry* const entry = files.keys ? files.keys->find(view(asked.identity)) : nullptr;
    if (!entry) return pass;
    const auto& bytes = entry->key.get();
    key.size = static_cast<std::uint32_t>(bytes.size());
    std::ranges::copy(bytes, key.bytes);
    return allow;
  });
}

Plugin::Plan Plugin::prepare(config from) const { return read_files(from, host_); }

void Plugin::commit(Plan plan) {
  files_.set(plan);
  attach_to(*plan);
}

}  // namespace mortise::auth_file
