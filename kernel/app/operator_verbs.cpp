#include "app/operator_verbs.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "broker/broker.hpp"
#include "mqtt/topic.hpp"

namespace mortise::app {

namespace {

using Json = ControlJson;
using Answered = OperatorVerb::Answered;

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

std::string time_text(std::time_t seconds) {
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

std::string time_text(base::WallTime time) { return time_text(std::time_t{base::to_unix_ms(time) / 1000}); }

constexpr std::array<std::string_view, 10> client_columns{
    "client",  "user",          "connected", "address",      "listener",
    "version", "subscriptions", "queued",    "queued_bytes", "oldest"};

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

// By name, number or truth: what a column holds; who has nothing there comes last.
bool comes_before(const Json& a, const Json& b) {
  if (a.is_null() || b.is_null()) return !a.is_null();
  if (a.is_number() && b.is_number()) return a.get<double>() > b.get<double>();  // the largest first
  if (a.is_boolean() && b.is_boolean()) return a.get<bool>() && !b.get<bool>();
  return a.dump() < b.dump();
}

Answered clients(const Reach& reach, const Words& words) {
  const auto user = words.option("user");
  const auto listener = words.option("listener");
  const auto prefix = words.option("id");
  const bool only_connected = words.option("connected").has_value();
  const bool only_away = words.option("away").has_value();
  const std::size_t most = words.count("limit", rows_default);
  const std::string sort = words.option("sort").value_or("client");
  if (std::ranges::find(client_columns, sort) == client_columns.end()) {
    std::string known;
    for (const std::string_view column : client_columns)
      known += (known.empty() ? "" : ", ") + std::string{column};
    throw Refused{"there is no column \"" + sort + "\" to sort by", "sort by one of " + known, true};
  }
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
  for (const std::string& column : {std::string{"client"}, sort})  // those who are equal stand by their names
    std::ranges::stable_sort(rows, [&](const Json& one, const Json& other) {
      return comes_before(one.value(column, Json{}), other.value(column, Json{}));
    });
  const std::uint64_t left_out = rows.size() - std::min(rows.size(), most);
  rows.resize(rows.size() - left_out);
  return {Json(std::move(rows)), left_out};
}

const std::string& the_client(const Words& words) {
  if (words.all().size() != 1)
    throw Refused{"one client identifier is needed, and " + std::to_string(words.all().size()) + " are there",
                  "mortise ctl clients lists them; write one with spaces in quotes", true};
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
  how.by = words.caller();
  const auto is_there = std::make_shared<bool>(false);
  on_loop(reach, reach.shared.home_of(client_id),
          [=](broker::Broker& broker) { *is_there = broker.kick(client_id, how, "ended by an operator"); });
  if (!*is_there) throw no_such(client_id);
  return {{"client", client_id}, {"session", how.ends_session ? "ended" : "stays"}};
}

Answered retained(const Reach& reach, const Words& words) {
  const std::string filter = words.all().empty() ? "#" : words.all().front();
  if (words.all().size() > 1)
    throw Refused{std::to_string(words.all().size()) + " topic filters are there, and one is taken",
                  "ask for each by itself; write one in quotes, such as 'sensors/#'", true};
  if (!mqtt::is_topic_filter(filter))
    throw Refused{"\"" + filter + "\" is not a topic filter",
                  "write one filter, in quotes, such as 'sensors/#'", true};
  const std::size_t most = words.count("limit", rows_default);
  std::vector<broker::MessageRef> messages;
  reach.shared.retained.read(filter, reach.loops.now().wall, messages);
  if (words.option("count")) {
    std::uint64_t bytes = 0;
    for (const broker::MessageRef& message : messages) bytes += message->payload().size();
    return {{{"filter", filter}, {"messages", messages.size()}, {"payload_bytes", bytes}}, 0};
  }
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
  const std::uint64_t left_out = messages.size() - rows.size();
  return {std::move(rows), left_out};
}

using PluginStatus = host::Host::Status;

// Estimated from the calls whose time was taken.
Json mean_us(const host::HookAccount::Sum& sum) {
  if (sum.sampled == 0) return nullptr;
  return static_cast<double>(sum.nanoseconds / sum.sampled / 10) / 100;
}

void add(host::HookAccount::Sum& to, const host::HookAccount::Sum& more) {
  to.calls += more.calls;
  to.sampled += more.sampled;
  to.nanoseconds += more.nanoseconds;
  to.slow += more.slow;
  to.deferred += more.deferred;
}

Json row_of(const host::HookAccount::Sum& sum) {
  return {{"calls", sum.calls}, {"mean_us", mean_us(sum)}, {"slow", sum.slow}, {"deferred", sum.deferred}};
}

Json row_of(const PluginStatus& one) {
  Json row{{"plugin", one.name}, {"id", one.id}, {"version", one.version}, {"state", one.state}};
  host::HookAccount::Sum all;
  for (const PluginStatus::Hook& hook : one.hooks) add(all, hook.sum);
  row.update(row_of(all));
  row["late_answers"] = one.late_answers;
  row["faults"] = one.faults;
  row["message_bytes"] = one.message_bytes;
  return row;
}

Json plugins(const Reach& reach, const Words&) {
  Json rows = Json::array();
  for (const PluginStatus& one : reach.host.status()) rows.push_back(row_of(one));
  return rows;
}

Json plugin(const Reach& reach, const Words& words) {
  if (words.all().size() != 1)
    throw Refused{"the name of one plugin instance is needed", "mortise ctl plugins lists them", true};
  for (const PluginStatus& one : reach.host.status()) {
    if (one.name != words.all().front()) continue;
    Json row = row_of(one);
    row["grants"] = one.grants;
    row["file"] = one.file;
    for (const PluginStatus::Hook& hook : one.hooks) row["hooks"][std::string{hook.name}] = row_of(hook.sum);
    return row;
  }
  throw Refused{"there is no plugin instance \"" + words.all().front() + "\"",
                "mortise ctl plugins lists them"};
}

// Nothing where it is no state of a link.
Json row_of_link(std::string_view link, const broker::Message& published) {
  constexpr std::int64_t end_of_9999 = 253'402'300'799;
  // As deep as a state is: beyond it functions that call themselves would be at somebody's mercy.
  const auto is_shallow = [](int depth, Json::parse_event_t, Json&) { return depth < 4; };
  const auto payload = published.payload();
  const Json state = Json::parse(payload.begin(), payload.end(), is_shallow, false);
  if (!state.is_object()) return nullptr;
  Json row{{"link", link}};
  for (const auto& [key, value] : state.items())
    if (key != "link" && (key != "refused" || !value.empty())) row[key] = value;
  if (const Json since = row.value("since", Json{}); since.is_number_integer())
    if (const auto seconds = since.get<std::int64_t>(); seconds >= 0 && seconds <= end_of_9999)
      row["since"] = time_text(std::time_t{seconds});
  row["as_of"] = time_text(published.received());  // its counts are told every few seconds only
  return row;
}

// What the bridges have published of their links. A state may be older than the instance, which was taken
// out. Clients of a plugin's name could write there, too, where access rules let them.
Json bridges(const Reach& reach, const Words&) {
  static constexpr std::string_view prefix = "$SYS/broker/bridge/";
  const std::vector<PluginStatus> instances = reach.host.status();
  const auto is_word_of_one = [&](std::string_view link, std::string_view publisher) {
    return std::ranges::any_of(instances, [&](const PluginStatus& one) {
      return one.state == "running" && one.name == publisher && link.starts_with(one.name + "/");
    });
  };
  std::vector<broker::MessageRef> messages;
  reach.shared.retained.read("$SYS/broker/bridge/#", reach.loops.now().wall, messages);
  std::ranges::sort(messages, {}, [](const broker::MessageRef& one) { return one->topic(); });
  Json rows = Json::array();
  for (const broker::MessageRef& message : messages) {
    const std::string_view link = message->topic().substr(prefix.size());
    if (!is_word_of_one(link, message->publisher())) continue;
    Json row = row_of_link(link, *message);
    if (!row.is_null()) rows.push_back(std::move(row));
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
  on_main(reach, [reach = &reach, reloaded, only_looks, by = words.caller()] {
    *reloaded = reach->reload(only_looks ? Reload::look : Reload::apply, by);
  });
  if (reloaded->outcome == Outcome::refused) {
    Refused refused{"the configuration is not taken, and what was in force stays in force",
                    "mend the file and try again"};
    for (const config::Finding& finding : reloaded->findings)
      if (finding.severity == config::Severity::error) refused.details.push_back(finding.to_text());
    throw refused;
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
  const auto renewed = std::make_shared<std::vector<config::RenewedFiles>>();
  on_main(reach, [reach = &reach, renewed] { *renewed = reach->reload_files(); });
  Json taken = Json::array();
  std::string kept, others;
  std::vector<std::string> findings;
  const auto append = [](std::string& list, const std::string& owner) {
    list += (list.empty() ? "" : ", ") + owner;
  };
  for (const config::RenewedFiles& one : *renewed) {
    if (one.is_taken && !one.owner.empty()) {
      taken.push_back(one.owner);
      append(others, one.owner);
    }
    if (!one.is_taken) append(kept, one.owner);
    findings.insert(findings.end(), one.findings.begin(), one.findings.end());
  }
  if (!kept.empty()) {
    if (!others.empty()) findings.push_back("taken were those of " + others);
    throw Refused{"not all files are taken; what was in force before stays so for " + kept,
                  "mend them and try again", false, std::move(findings)};
  }
  return {{"taken", std::move(taken)}, {"warnings", std::move(findings)}};
}

// Of a verb that answers with all there is.
auto whole(Json (*verb)(const Reach&, const Words&)) {
  return [verb](const Reach& reach, const Words& words) { return Answered{verb(reach, words), 0}; };
}

}  // namespace

const std::vector<OperatorVerb>& operator_verbs() {
  static const std::vector<OperatorVerb> all{
      {"status", "", "what the broker does at present", {}, whole(status)},
      {"clients",
       "",
       "sessions, connected and away",
       {"user=", "listener=", "id=", "connected", "away", "sort=", "limit="},
       clients},
      {"client", "ID", "one session in full", {}, whole(client)},
      {"subscriptions", "ID", "what a client has subscribed to", {}, whole(subscriptions)},
      {"kick",
       "ID",
       "end a connection, and the session with --end-session",
       {"end-session", "no-will"},
       whole(kick)},
      {"retained", "[FILTER]", "retained messages", {"limit=", "payload", "count"}, retained},
      {"plugins", "", "plugin instances", {}, whole(plugins)},
      {"plugin", "NAME", "one of them, and what its hooks are asked", {}, whole(plugin)},
      {"bridges", "", "links to other brokers", {}, whole(bridges)},
      {"reload",
       "",
       "takes the configuration file as a whole, or says why not; --dry-run only says what would come of it",
       {"dry-run"},
       whole(reload)},
      {"reload-files",
       "",
       "plugins and TLS listeners read their files again, each on its own",
       {},
       whole(reload_files)},
  };
  return all;
}

}  // namespace mortise::app
