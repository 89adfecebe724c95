// CONNECT to CONNACK, and how connections end: authenticate, go home, take over,
// resume or begin, say goodbye.
//
// Thread: the accepting loop until the client is authenticated, then the home loop of its session.
// Source: MQTT 5.0 §3.1, §3.2, §3.14, §4.12; Rule::connack_after_session,
//         Rule::cancel_will_before_connack.
#pragma once

#include "broker/complaint.hpp"
#include "broker/connect_rates.hpp"
#include "broker/pacing.hpp"
#include "broker/sessions.hpp"

namespace mortise::broker {

// Why a client is not let in.
struct Refusal {
  mqtt::ReasonCode reason{};
  std::string_view why{};   // for the log
  std::string_view told{};  // the reason string; empty: none
  std::string_view by{};    // plugin instance that decided, and by which rule; for the log
  std::string_view rule{};
  std::string_view server_reference{};
};

class Handshake {
 public:
  Handshake(Core& core, Commits& commits, Delivery& delivery, Wills& wills, Sessions& sessions,
            Pacing& pacing);

  // Whether plugins let an address connect.
  bool accepts(const Listener& listener, std::string_view address);
  // Progress::waits with the client gone: it moves to another loop.
  Progress on_connect(Client& client, const mqtt::Connect& packet, Fault& fault);
  Progress on_auth(Client& client, const mqtt::Auth& packet, Fault& fault);
  Progress on_disconnect(Client& client, const mqtt::Disconnect& packet, Fault& fault);
  // Goes on with the CONNECT in `client.entering`, whose client has moved here after its AUTH packets.
  void on_kept_connect(Client& client);

  void renew_options() { rates_.set_rate(core_.options.client_id_rate); }

  // How long a connection may be silent.  [MQTT-3.1.2-22]
  static base::Duration silence_allowed(std::uint16_t keep_alive_s) {
    return std::chrono::milliseconds{std::int64_t{keep_alive_s} * 1500};
  }

  // Ends a connection from our side. 5.0 clients are told the reason first.
  void close(Client& client, mqtt::ReasonCode reason, std::string_view why, LogLevel level = LogLevel::info);
  // CONNACK with the reason, then the end.
  void refuse(Client& client, const Refusal& refusal);
  // The connection is gone; its session is left behind. Once for each client, whoever ended it.
  void detach(Client& client, mqtt::ReasonCode reason, std::string_view why, LogLevel level = LogLevel::info);

 private:
  std::optional<Fault> check(const Client& client, const mqtt::Connect& packet) const;
  Progress go_on(Client& client, const mqtt::Connect& packet);
  std::optional<Progress> intercept(Client& client, const mqtt::Connect& packet);
  Progress authenticate(Client& client, const mqtt::Connect& packet);
  // The user name a client goes by until an authenticator says otherwise.
  static std::string_view name_of(const Client& client, const mqtt::Connect& packet);
  std::optional<Answer> ask(Client& client, const mqtt::Connect& packet);
  std::optional<Answer> ask(Client& client, const Exchange& step);
  void challenge(Client& client, mqtt::ReasonCode reason, const Answer& answer);
  void rename(Client& client, const std::string& username);
  Progress go_on_after_auth(Client& client, const mqtt::Connect& packet);
  Progress authenticate_anew(Client& client, const mqtt::Auth& packet, Fault& fault);
  void let_in(Client& client, const mqtt::Connect& packet, Answer answer);
  bool admit(Client& client, const mqtt::Connect& packet, const Answer& answer);
  std::string assign_client_id();
  Progress go_home(Client& client, std::string_view client_id);
  bool mount(Client& client, const mqtt::Connect& packet, std::string_view client_id);
  void agree(Client& client, const mqtt::Connect& packet, Session& session, std::uint32_t expiry_s);
  bool takes_in(Client& client, const Session* session, std::string_view client_id);
  bool can_store(Client& client, bool is_failing);
  Progress enter(Client& client, const mqtt::Connect& packet, std::string_view client_id);
  std::optional<Progress> take_will(Client& client, const mqtt::Connect& packet, const ClientFacts& facts);
  std::optional<Progress> refuse_will(Client& client, const ClientFacts& facts, const Answer& answer);
  void take_over(Session& session);
  void answer(Client& client, const mqtt::Connect& packet, Session& session, bool present, Level waits);
  mqtt::Connack connack_for(const Client& client, const mqtt::Connect& packet, const Session& session) const;
  void happened(EventKind kind, const Client& client, const Session* session, mqtt::ReasonCode reason);

  Core& core_;
  Commits& commits_;
  Delivery& delivery_;
  Wills& wills_;
  Sessions& sessions_;
  Pacing& pacing_;
  ConnectRates rates_;
  std::uint64_t assigned_ = 0;
  Complaint not_accepted_;
};

}  // namespace mortise::broker
