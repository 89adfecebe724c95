// The front door of one loop's broker: tell it what happened and what time it is,
// then do what its effects ask for.
//
// It does no I/O, reads no clock and starts no thread. A turn is: begin_turn, any number of on_… calls,
// end_turn; then the effects are carried out and cleared.
// What a packet gives rise to on other loops goes into letters.
//
// Thread: its loop's, for every call.   Owns: this loop's clients and sessions.
// Fails:  never; a client's mistakes end that client's connection and touch nobody else.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "broker/directory.hpp"
#include "broker/effects.hpp"
#include "broker/queue_limit.hpp"
#include "broker/record.hpp"
#include "broker/shared.hpp"

namespace mortise::broker {

class Output;

class Broker {
 public:
  Broker(Shared& shared, std::uint32_t loop, base::Now now);
  ~Broker();
  Broker(const Broker&) = delete;
  Broker& operator=(const Broker&) = delete;

  // ---- a turn
  void begin_turn(base::Now now);
  // Hands over what is to be stored, lets out what may go, and leaves the rest in effects().
  void end_turn();
  Effects& effects();
  // After the last turn: hands over what would have ridden along with a later batch.
  void end_last_turn();
  // When begin_turn has to come at the latest, even if nothing happens.
  base::TimePoint next_deadline() const;
  // How far the store has got, see Journal::line.
  void on_stored(std::uint64_t written, std::uint64_t synced);
  // Takes letters from one other loop, at most `budget` of each kind. Returns whether there were any.
  bool drain(std::uint32_t from, std::size_t budget);

  // ---- connections
  // Whether anybody is to be asked if an address may connect; constant during a turn.
  bool asks_to_accept() const;
  // Asks, before on_open; or before the transport goes on of one that is open, with the address that a proxy
  // has told of it, or empty. False: it is to be closed, and has been counted and logged.
  bool accepts(const Listener& listener, std::string_view address);
  bool accepts(ClientKey client, std::string_view address);
  // A connection was accepted. `address` is for people: "10.0.0.17:50122".
  // The listener must outlive the broker.
  ClientKey on_open(const Listener& listener, std::string address);
  // One that moves here from another loop; its unread bytes follow by on_input.
  ClientKey on_arrival(Move move);
  // What the connection's transport has learnt of the client, before its first byte. The address takes the
  // place of the one it came in with.
  void on_introduced(ClientKey client, Introduction introduction);

  struct Consumed {
    std::size_t bytes = 0;   // from the front; keep the rest and offer it again together with what follows
    std::size_t needed = 0;  // unless paused: there is no progress with fewer bytes than this
  };
  // Bytes from a connection, from the first unread one on. Stops before a packet that has to wait.
  Consumed on_input(ClientKey client, mqtt::Bytes input);
  // False: do not call on_input until an effect says resume.
  // The connection may go on reading into a bounded buffer.
  bool wants_input(ClientKey client) const;
  // What is to be written; null when the client is gone. Tell on_written after each write.
  Output* output(ClientKey client);
  // `output` is the client's: one look-up serves a whole flush.
  void on_written(ClientKey client, Output& output, std::size_t bytes);
  // What is not written now waits: it is charged for. Also when it has gone at last.
  void charge(Output& output);
  // The transport's own end, `wrong` when it is for something the peer did, which is logged at `level`.
  // Nothing more is said to the client; on_lost follows when its last bytes are written.
  void on_hung_up(ClientKey client, std::string_view wrong, LogLevel level = LogLevel::warning);
  // The connection is closed, by whomever. The last call for this client.
  void on_lost(ClientKey client);
  // For Effects::sheds_largest: the bytes that the end of this connection lets go, at once or by what a queue
  // sheds when its client is away; 0: it is about to end. Payloads count for each that waits for them.
  std::uint64_t held(ClientKey client) const;
  // `most`: what the one on this loop that holds most does, the network's bytes with it. Whether it is to go:
  // it is worth it, and no other loop's holds more. Then tell on_hung_up and on_lost.
  bool sheds(std::uint64_t most);
  // Ends the connection from our side, such as at shutdown.
  void close(ClientKey client, mqtt::ReasonCode reason, std::string_view why);
  void close_all(mqtt::ReasonCode reason, std::string_view why);
  // Likewise, of those who have come by this listener.
  void close_listener(const Listener& listener, mqtt::ReasonCode reason, std::string_view why);

  // Works with what Shared::options() are now. What a client was told when it came holds as long as it is
  // connected; everything else holds at once, for what is there and what comes: limits, rates, classes.
  void renew_options();

  // What may wait in the session of this client, in place of what Options say; 0: as they say. Forgotten at a
  // restart.
  void limit_queue(ClientKey client, const QueueLimit& limit);
  // The identifiers of QoS 2 messages of this client that were accepted and are not released.
  std::vector<mqtt::PacketId> inbound(ClientKey client) const;

  // What a session asked the store for; see Store::read.
  void on_page(const Page& page);

  // ---- plugins
  // A question that was pending has its answer. One that came too late finds nothing: false.
  bool on_answer(const Question& question, Answer answer);
  // A message from a plugin or the kernel itself. False: no room for its letters now, ask again next turn.
  // Above memory, Hooks::kept is told `ticket` once, when the message with all its deliveries has reached
  // `level`; within this call when there is nothing to store.
  bool publish(const MessageParts& parts, Level level = Level::memory, std::uint64_t ticket = 0);

  // ---- for operators; see directory.hpp
  // Shows at most `most` sessions, from the place `from` on. Where to go on, 0: it was the last. One that
  // comes or goes in between may be missed, none is shown twice.
  std::uint32_t list_sessions(std::uint32_t from, std::uint32_t most,
                              const std::function<void(const SessionFacts&)>& show);
  // False: there is none with this client identifier here.
  bool show_session(std::string_view client_id, const std::function<void(const SessionFacts&)>& show);
  bool list_subscriptions(std::string_view client_id,
                          const std::function<void(const SubscriptionFacts&)>& show);
  // Ends its connection, if it has one, and its session if that is wanted. `why` is told to the client.
  bool kick(std::string_view client_id, const Kick& how, std::string_view why);

  // ---- what is there
  std::size_t clients() const;
  std::size_t sessions() const;
  std::size_t subscriptions() const;

  // For Restorer, which fills a broker before its loop runs.
  class Interior;
  Interior& interior() { return *interior_; }

 private:
  std::unique_ptr<Interior> interior_;
};

}  // namespace mortise::broker
