// The state of one loop's broker, which the steps (handshake, publishing, …) work on.
//
// Thread: the loop.   Owns: its clients and sessions.
#pragma once

#include <string_view>
#include <unordered_map>

#include "broker/client.hpp"
#include "broker/effects.hpp"
#include "broker/session.hpp"
#include "broker/shared.hpp"

namespace mortise::broker {

class Core {
 public:
  Core(Shared& common, std::uint32_t number, base::Now start)
      : shared{common},
        options{*common.options()},
        loop{number},
        ledger{*common.ledgers[number]},
        now{start},
        directory{0, base::StringHash{common.seed}},
        index{common.seed, ledger.accounts},
        deadlines{start.monotonic},
        numbers{common.numbers},
        wanted_{common.hooks.wanted(number)},
        asks_of_publishing_{asks_of_publishing(wanted_)} {}

  Shared& shared;
  Options options;  // as of the last Broker::renew_options
  const std::uint32_t loop;
  Ledger& ledger;
  base::Now now;
  Effects effects;
  Pressure pressure = Pressure::none;  // of memory, as of this turn
  bool is_closing_all = false;         // what one session leaves behind would go to the next that ends

  base::SlotMap<Client> clients;
  base::SlotMap<Session> sessions;
  std::unordered_map<std::string_view, SessionKey, base::StringHash, std::equal_to<>>
      directory;  // views of the ids
  SubscriptionIndex index;
  Deadlines deadlines;
  BufferPool pool;
  Numbers::Allocator numbers;

  // Time, plugins and what is logged of messages stay as they are from here to the next call: one turn.
  void begin_turn(base::Now at) {
    now = at;
    wanted_ = shared.hooks.wanted(loop);
    asks_of_publishing_ = asks_of_publishing(wanted_);
    logs_messages_ = shared.log.wants(LogLevel::info, "messages");
  }
  const Hooks::Wanted& wanted() const { return wanted_; }
  // Whether anybody is asked about a PUBLISH.
  bool asks_of_publishing() const { return asks_of_publishing_; }
  bool logs_messages() const { return logs_messages_; }
  bool has_store() const { return shared.journal.has_store(); }

  std::uint32_t packet_size_max(const Listener& listener) const {
    return listener.packet_size_max != 0 ? listener.packet_size_max : options.packet_size_max;
  }

  // A message of a client's, whatever becomes of it; and one that has reached a client.
  void count_published(const Client& client, mqtt::Qos qos) {
    ledger.published.add(qos);
    client.traffic->received.add(qos);
  }
  void count_delivered(const Client& client, mqtt::Qos qos) {
    ledger.out.add(qos);
    client.traffic->delivered.add(qos);
  }

  // Brings the accounts up to date with what they take themselves.
  void charge(Client& client) { bring_to(Account::connection, client.charged, client.memory()); }
  void uncharge(Client& client) { bring_to(Account::connection, client.charged, 0); }
  void charge(Session& session) { bring_to(Account::session, session.charged_itself, session.memory()); }
  void uncharge(Session& session) { bring_to(Account::session, session.charged_itself, 0); }

  Session* find_session(std::string_view client_id) {
    const auto found = directory.find(client_id);
    return found == directory.end() ? nullptr : sessions.find(found->second);
  }

  // Its queue is full, and it is to be closed for that: at the end of the turn.
  void note_overrun(ClientKey client) {
    if (overrun.empty() || overrun.back() != client) overrun.push_back(client);
  }
  std::vector<ClientKey> overrun;

  // The buffer to append whole packets to; the client is flushed at the end of the turn.
  mqtt::Buffer& output(Client& client) {
    touch(client);
    return client.output.bytes(pool);
  }
  void touch(Client& client) {
    if (client.touched) return;
    client.touched = true;
    effects.flush.push_back(client.key);
  }

  // Unread packets of this client wait until resume() of the same reason.
  void pause(Client& client, Client::Pause why) { client.paused |= why; }
  void resume(Client& client, Client::Pause why) {
    if (!(client.paused & why)) return;
    client.paused &= static_cast<std::uint8_t>(~why);
    client.last_packet = now.monotonic;
    if (client.paused == 0 && client.state != Client::State::closing) effects.resume.push_back(client.key);
  }

  ClientFacts facts_of(const Client& client, const Session* session) const {
    ClientFacts facts;
    facts.key = client.key;
    facts.loop = loop;
    facts.version = client.version;
    facts.connected = true;
    facts.keep_alive_s = client.keep_alive_s;
    facts.username = client.username;
    facts.address = client.address;
    if (client.introduction) {
      facts.identity = client.introduction->identity;
      facts.cipher = client.introduction->cipher;
    }
    facts.listener = client.listener;
    facts.plugin_data = client.plugin_data;
    if (session) {
      facts.client_id = session->client_id;
      facts.session_expiry_s = session->expiry_s;
    }
    return facts;
  }
  ClientFacts facts_of(const Session& session) {
    if (const Client* client = clients.find(session.client)) return facts_of(*client, &session);
    ClientFacts facts;
    facts.loop = loop;
    facts.connected = false;
    facts.client_id = session.client_id;
    facts.username = session.username;
    facts.session_expiry_s = session.expiry_s;
    return facts;
  }

  void log(LogLevel level, std::string_view category, std::string_view event, std::string_view text,
           const ClientFacts* client, std::initializer_list<Log::Field> fields = {}) const {
    if (shared.log.wants(level, category))
      shared.log.write(level, category, event, text, client, {fields.begin(), fields.size()});
  }

 private:
  void bring_to(Account account, std::uint64_t& charged, std::uint64_t held) {
    if (held == charged) return;
    ledger.accounts.charge(account, static_cast<std::int64_t>(held) - static_cast<std::int64_t>(charged));
    charged = held;
  }

  static bool asks_of_publishing(const Hooks::Wanted& wanted) {
    return wanted.intercept_publish || wanted.wants(Action::publish) || wanted.wants(Action::retain);
  }

  Hooks::Wanted wanted_;  // a copy: asked many times a message
  bool asks_of_publishing_ = false;
  bool logs_messages_ = false;
};

}  // namespace mortise::broker
