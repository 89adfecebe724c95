#include "app/control_verbs.hpp"

#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "broker/broker.hpp"
#include "config/nearest.hpp"
#include "mqtt/topic.hpp"

namespace mortise::app {

namespace {

using Json = ControlJson;

constexpr auto loop_patience = std::chrono::seconds{10};
constexpr auto main_patience = std::chrono::seconds{50};  // below that of `mortise ctl`
constexpr std::uint32_t sessions_a_turn = 500;
constexpr std::size_t rows_default = 1000;

using Reach = ControlVerbs::Reach;

// Runs `ask` in a turn of a loop and waits for it. What it fills must be its own, for it may come too late.
void on_loop(const Reach& reach, std::uint32_t loop, std::function<void(broker::Broker&)> ask) {
  struct State {
    std::mutex mutex;
    std::condition_variable done;
    bool is_done = false;
  };
  const auto state = std::make_shared<State>();
  reach.loops.post(loop, [state, ask = std::move(ask)](broker::Broker& broker) {
    ask(broker);
    const std::lock_guard lock{state->mutex};
    state->is_done = true;
    state->done.notify_all();
  });
  std::unique_lock lock{state->mutex};
  if (!state->done.wait_for(lock, loop_patience, [&] { return state->is_done; }))
    throw Refused{"loop " + std::to_string(loop) + " has not answered within 10 seconds",
                  "the log names a plugin that holds it, if one does"};
}

std::string time_text(base::WallTime time) {
  const std::time_t seconds = base::to_unix_ms(time) / 1000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

Json row_of(const broker::SessionFacts& facts) {
  const broker::ClientFacts& client = facts.client;
  Json row{{"client", client.client_id}, {"user", client.username}, {"connected", client.connected}};
  row["address"] = client.address;
  row["listener"] = client.listener ? client.listener->name : "";
  static constexpr std::array<std::string_view, 6> versions{"", "", "", "3.1", "3.1.1", "5.0"};
  row["version"] = client.connected ? versions[static_cast<std::size_t>(client.version)] : "";
  row["subscriptions"] = facts.subscriptions;
  row["queued"] = facts.queued;
  row["queued_bytes"] = facts.queued_bytes;
  if (facts.queued != 0) row["oldest"] = time_text(facts.oldest);
  return row;
}

// ---- the verbs

Json status(const Reach& reach, const Words&) {
  std::size_t clients = 0;
  std::size_t sessions = 0;
  std::size_t subscriptions = 0;
  for (std::uint32_t loop = 0; loop < reach.shared.loops(); ++loop) {
    const auto counts = std::make_shared<std::array<std::size_t, 3>>();
    on_loop(reach, loop, [counts](broker::Broker& broker) {
      *counts = {broker.clients(), broker.sessions(), broker.subscriptions()};
    });
    clients += (*counts)[0];
    sessions += (*counts)[1];
    subscriptions += (*counts)[2];
  }
  std::uint64_t published = 0;
  std::uint64_t out = 0;
  std::uint64_t queued = 0;
  Json refused = Json::object();
  Json dropped = Json::object();
  const auto add = [](Json& to, std::string_view name, std::uint64_t count) {
    if (count == 0) return;
    Json& cell = to[std::string{name}];
    cell = (cell.is_null() ? 0 : cell.get<std::uint64_t>()) + count;
  };
  for (const auto& ledger : reach.shared.ledgers) {
    published += ledger->published.value();
    out += ledger->out.value();
    queued += ledger->queued.value();
    for (std::size_t i = 0; i < ledger->refused.size(); ++i)
      add(refused, broker::refused_names[i], ledger->refused[i].value());
    for (std::size_t i = 0; i < ledger->dropped.size(); ++i)
      add(dropped, broker::dropped_names[i], ledger->dropped[i].value());
  }
  const auto up =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - reach.since);
  Json result{{"version", MORTISE_VERSION},
              {"pid", ::getpid()},
              {"config", reach.config.string()},
              {"up_s", up.count()}};
  result["loops"] = reach.shared.loops();
  result["listeners"] = reach.listeners.listening();
  result["connections"] = reach.loops.connections();
  result["clients"] = clients;
  result["sessions"] = sessions;
  result["subscriptions"] = subscriptions;
  result["retained"] = reach.shared.retained.size();
  result["retained_bytes"] = reach.shared.retained.bytes();
  result["published"] = published;
  result["delivered"] = out;
  result["queued"] = queued;
  result["refused"] = refused;
  result["dropped"] = dropped;
  result["bytes_in"] = reach.loops.bytes_read();
  result["bytes_out"] = reach.loops.bytes_written();
  result["memory_bytes"] = reach.shared.memory_used();
  result["store"] = !reach.shared.journal.has_store() ? "none"
                    : reach.shared.journal.failing()  ? "failing"
                                                      : "good";
  result["store_pending_bytes"] = reach.shared.journal.pending_bytes();
  return result;
}

// By name, number or truth: what a column holds.
bool comes_before(const Json& a, const Json& b) {
  if (a.is_number() && b.is_number()) return a.get<double>() > b.get<double>();  // the largest first
  if (a.is_boolean() && b.is_boolean()) return a.get<bool>() && !b.get<bool>();
  return a.dump() < b.dump();
}

Json clients(const Reach& reach, const Words& words) {
  const auto user = words.option("user");
  const auto listener = words.option("listener");
  const auto prefix = words.option("id");
  const bool only_connected = words.option("connected").has_value();
  const bool only_away = words.option("away").has_value();
  const std::size_t most = words.count("limit", rows_default);
  const std::string sort = words.option("sort").value_or("client");
  std::vector<Json> rows;
  for (std::uint32_t loop = 0; loop < reach.shared.loops(); ++loop) {
    std::uint32_t from = 0;
    do {
      struct Found {
        std::vector<Json> rows;
        std::uint32_t next = 0;
      };
      const auto found = std::make_shared<Found>();
      on_loop(reach, loop, [=](broker::Broker& broker) {
        found->next = broker.list_sessions(from, sessions_a_turn, [&](const broker::SessionFacts& facts) {
          const broker::ClientFacts& client = facts.client;
          if ((user && client.username != *user) || (prefix && !client.client_id.starts_with(*prefix)) ||
              (listener && (!client.listener || client.listener->name != *listener)) ||
              (only_connected && !client.connected) || (only_away && client.connected))
            return;
          found->rows.push_back(row_of(facts));
        });
      });
      std::ranges::move(found->rows, std::back_inserter(rows));
      from = found->next;
    } while (from != 0);
  }
  if (!rows.empty() && !rows.front().contains(sort)) {
    std::string known;
    for (const auto& [key, value] : rows.front().items()) known += (known.empty() ? "" : ", ") + key;
    throw Refused{"there is no column \"" + sort + "\" to sort by", "sort by one of " + known, true};
  }
  std::ranges::stable_sort(rows,
                           [&](const Json& a, const Json& b) { return comes_before(a[sort], b[sort]); });
  if (rows.size() > most) rows.resize(most);
  return rows;
}

const std::string& the_client(const Words& words) {
  if (words.all().size() != 1)
    throw Refused{"one client identifier is needed", "mortise ctl clients lists them", true};
  return words.all().front();
}

Refused no_such(const std::string& client_id) {
  return {"there is no session with the client identifier \"" + client_id + "\"",
          "mortise ctl clients lists those there are"};
}

Json client(const Reach& reach, const Words& words) {
  const std::string& client_id = the_client(words);
  const auto result = std::make_shared<Json>();
  on_loop(reach, reach.shared.home_of(client_id), [=](broker::Broker& broker) {
    broker.show_session(client_id, [&](const broker::SessionFacts& facts) {
      *result = row_of(facts);
      (*result)["stored"] = facts.is_stored;
      (*result)["will"] = facts.has_will;
      (*result)["keep_alive_s"] = facts.client.keep_alive_s;
      (*result)["session_expiry_s"] = facts.client.session_expiry_s;
      (*result)["unreleased"] = facts.inbound;
      if (!facts.client.identity.empty()) (*result)["identity"] = facts.client.identity;
      if (!facts.client.cipher.empty()) (*result)["cipher"] = facts.client.cipher;
      if (!facts.client.connected && facts.expires != base::WallTime::max())
        (*result)["ends"] = time_text(facts.expires);
    });
  });
  if (result->is_null()) throw no_such(client_id);
  return *result;
}

Json subscriptions(const Reach& reach, const Words& words) {
  const std::string& client_id = the_client(words);
  struct Found {
    Json rows = Json::array();
    bool is_there = false;
  };
  const auto found = std::make_shared<Found>();
  on_loop(reach, reach.shared.home_of(client_id), [=](broker::Broker& broker) {
    found->is_there = broker.list_subscriptions(client_id, [&](const broker::SubscriptionFacts& facts) {
      found->rows.push_back({{"filter", facts.filter},
                             {"qos", static_cast<int>(facts.options.maximum_qos)},
                             {"no_local", facts.options.no_local},
                             {"retain_as_published", facts.options.retain_as_published},
                             {"identifier", facts.identifier}});
    });
  });
  if (!found->is_there) throw no_such(client_id);
  return found->rows;
}

Json kick(const Reach& reach, const Words& words) {
  const std::string& client_id = the_client(words);
  broker::Kick how;
  how.ends_session = words.option("end-session").has_value();
  how.sends_will = !words.option("no-will").has_value();
  const auto is_there = std::make_shared<bool>(false);
  on_loop(reach, reach.shared.home_of(client_id),
          [=](broker::Broker& broker) { *is_there = broker.kick(client_id, how, "ended by an operator"); });
  if (!*is_there) throw no_such(client_id);
  return {{"client", client_id}, {"session", how.ends_session ? "ended" : "stays"}};
}

Json retained(const Reach& reach, const Words& words) {
  const std::string filter = words.all().empty() ? "#" : words.all().front();
  if (words.all().size() > 1 || !mqtt::is_topic_filter(filter))
    throw Refused{"\"" + filter + "\" is not a topic filter",
                  "write one filter, in quotes, such as 'sensors/#'", true};
  const std::size_t most = words.count("limit", rows_default);
  std::vector<broker::MessageRef> messages;
  reach.shared.retained.read(filter, reach.loops.now().wall, messages);
  std::ranges::sort(messages, {}, [](const broker::MessageRef& one) { return one->topic(); });
  Json rows = Json::array();
  for (const broker::MessageRef& message : messages) {
    if (rows.size() == most) break;
    Json row{{"topic", message->topic()},
             {"bytes", message->payload().size()},
             {"qos", static_cast<int>(message->qos())}};
    row["received"] = time_text(message->received());
    row["publisher"] = message->publisher();
    if (words.option("payload"))
      row["payload"] =
          std::string{reinterpret_cast<const char*>(message->payload().data()), message->payload().size()};
    rows.push_back(std::move(row));
  }
  return rows;
}

Json plugins(const Reach& reach, const Words&) {
  Json rows = Json::array();
  for (const host::Host::Status& one : reach.host.status())
    rows.push_back({{"plugin", one.name},
                    {"id", one.id},
                    {"version", one.version},
                    {"state", one.state},
                    {"faults", one.faults},
                    {"late_answers", one.late_answers},
                    {"grants", one.grants},
                    {"file", one.file}});
  return rows;
}

Json bridges(const Reach& reach, const Words&) {
  std::vector<broker::MessageRef> messages;
  reach.shared.retained.read("$SYS/broker/bridge/#", reach.loops.now().wall, messages);
  std::ranges::sort(messages, {}, [](const broker::MessageRef& one) { return one->topic(); });
  Json rows = Json::array();
  for (const broker::MessageRef& message : messages) {
    const Json state = Json::parse(message->payload().begin(), message->payload().end(), nullptr, false);
    Json row{{"link", message->topic().substr(std::string_view{"$SYS/broker/bridge/"}.size())}};
    if (!state.is_object()) continue;
    for (const auto& [key, value] : state.items())
      if (key != "refused" || !value.empty()) row[key] = value;
    rows.push_back(std::move(row));
  }
  return rows;
}

// Waits for what the main thread does.
void on_main(const Reach& reach, std::function<void()> function) {
  if (!reach.calls.call(std::move(function), main_patience))
    throw Refused{"the main thread has not answered within " + std::to_string(main_patience.count()) +
                      " seconds, or the broker ends",
                  "the log says what came of it, and names a plugin that holds it, if one does"};
}

Json reload(const Reach& reach, const Words& words) {
  using Outcome = Reloaded::Outcome;
  const bool only_looks = words.option("dry-run").has_value();
  const auto reloaded = std::make_shared<Reloaded>();
  on_main(reach, [reach = &reach, reloaded, only_looks] {
    *reloaded = reach->reload(only_looks ? Reload::look : Reload::apply);
  });
  if (reloaded->outcome == Outcome::refused) {
    std::string errors;
    for (const config::Finding& finding : reloaded->findings)
      if (finding.severity == config::Severity::error) errors += "\n  " + finding.to_text();
    throw Refused{"the configuration is not taken, and what was in force stays in force:" + errors + "\n",
                  "mend the file and try again"};
  }
  Json changes = Json::array();
  for (const config::Change& change : reloaded->changes) changes.push_back(change.to_text());
  Json warnings = Json::array();
  for (const config::Finding& finding : reloaded->findings) warnings.push_back(finding.to_text());
  return {{"configuration", reloaded->outcome == Outcome::applied ? "taken" : "could be taken"},
          {"changes", std::move(changes)},
          {"warnings", std::move(warnings)}};
}

Json reload_files(const Reach& reach, const Words&) {
  on_main(reach, reach.reload_files);
  return {{"files", "read"}, {"outcome", "in the log: plugin.reloaded, plugin.reload_refused"}};
}

struct Verb {
  std::string_view name;
  std::string_view words;
  std::string_view summary;
  std::vector<std::string_view> options;
  std::function<Json(const Reach&, const Words&)> run;
};

const std::vector<Verb>& verbs() {
  static const std::vector<Verb> all{
      {"status", "", "what the broker does at present", {}, status},
      {"clients",
       "",
       "sessions, connected and away",
       {"user", "listener", "id", "connected", "away", "sort", "limit"},
       clients},
      {"client", "ID", "one session in full", {}, client},
      {"subscriptions", "ID", "what a client has subscribed to", {}, subscriptions},
      {"kick",
       "ID",
       "end a connection, and the session with --end-session",
       {"end-session", "no-will"},
       kick},
      {"retained", "[FILTER]", "retained messages", {"limit", "payload"}, retained},
      {"plugins", "", "plugin instances", {}, plugins},
      {"bridges", "", "links to other brokers", {}, bridges},
      {"reload",
       "",
       "takes the configuration file as a whole, or says why not; --dry-run only says what would change",
       {"dry-run"},
       reload},
      {"reload-files",
       "",
       "plugins and TLS listeners read their files again, each on its own",
       {},
       reload_files},
  };
  return all;
}

Json help(const PluginVerbs& of_plugins) {
  Json rows = Json::array();
  for (const Verb& verb : verbs()) {
    std::string options;
    for (const std::string_view option : verb.options)
      options += (options.empty() ? "--" : " --") + std::string{option};
    rows.push_back(
        {{"verb", verb.name}, {"words", verb.words}, {"options", options}, {"summary", verb.summary}});
  }
  for (Json& row : of_plugins.help()) rows.push_back(std::move(row));
  return rows;
}

const Verb* find_verb(const std::string& name) {
  const auto found = std::ranges::find(verbs(), name, &Verb::name);
  return found == verbs().end() ? nullptr : &*found;
}

Refused no_such_verb(const std::string& name, const std::vector<std::string>& instances) {
  std::vector<std::string_view> known{"help"};
  for (const Verb& one : verbs()) known.push_back(one.name);
  known.insert(known.end(), instances.begin(), instances.end());
  const auto nearest = config::nearest_name(name, known);
  return {"there is no verb \"" + name + "\", and no plugin instance of that name with verbs",
          !nearest ? "mortise ctl help lists them" : "did you mean " + std::string{*nearest} + "?", true};
}

Words words_of(const Verb& verb, const Json& asked) {
  Words words = Words::of(asked);
  if (verb.words.empty() && !words.all().empty())
    throw Refused{"\"" + std::string{verb.name} + "\" takes no words",
                  "leave out \"" + words.all().front() + "\"", true};
  for (const auto& [key, value] : words.options())
    if (std::ranges::find(verb.options, key) == verb.options.end()) {
      const auto nearest = config::nearest_name(key, verb.options);
      throw Refused{
          "\"" + std::string{verb.name} + "\" has no option --" + key,
          !nearest ? "mortise ctl help lists them" : "did you mean --" + std::string{*nearest} + "?", true};
    }
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
  return line_of({{"ok", false},
                  {"kind", refused.is_wrong ? "wrong" : "failed"},
                  {"error", refused.error},
                  {"remedy", refused.remedy}});
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
      reply(line_of({{"ok", true}, {"result", help(of_plugins_)}}));
    else if (const Verb* const verb = find_verb(name))
      reply(line_of({{"ok", true}, {"result", verb->run(reach_, words_of(*verb, asked))}}));
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
