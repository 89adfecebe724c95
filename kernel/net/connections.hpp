// The connections of one loop: bytes from their sockets into the broker, its output back, and their ends.
//
// Bytes go up through one function, feed(), and down through one, write(): the filters of a connection (TLS,
// WebSocket, see Line) stand between socket and broker at these two places and nowhere else. What is unread
// is plain text.
//
// A read goes into the loop's one buffer. Whole packets are consumed from it where they lie; only the start
// of an incomplete packet, or packets that wait for a decision, are kept with the connection. One that waits
// reads on until 64 KiB are kept, so that its end is noticed, and then stops. One whose peer does not read
// what it is sent stops, too.
//
// A connection that we end says its last words: what is unwritten has five seconds, then the sending side is
// closed, and the socket for up to a second more swallows what the peer still sends, because closing it with
// bytes unread would make the system throw away our last words on the peer's side.
//
// Thread: the loop's.   Owns: sockets and unread bytes.
// Cost:   80 bytes an idle connection without filters, here; one read per readable socket and turn, one
//         gathered write per touched one.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "base/queue.hpp"
#include "base/slot_map.hpp"
#include "broker/broker.hpp"
#include "broker/output.hpp"
#include "net/arrival.hpp"
#include "net/guests.hpp"
#include "net/poller.hpp"

namespace mortise::net {

class Connections {
 public:
  // Our tokens in the poller are handles and have a generation in their upper half; others of the loop have
  // none.
  Connections(broker::Shared& shared, std::uint32_t loop, broker::Broker& broker, Poller& poller,
              Guests& guests);
  ~Connections();
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;

  void open(Arrival arrival);
  // A token of ours is ready, with what epoll says about it.
  void on_ready(std::uint64_t token, std::uint32_t events);

  // What the broker asks for.
  void resume(broker::ClientKey client) { feed(client, {}); }
  void write(broker::ClientKey client);
  // Writes what is there, then ends the connection.
  void close(broker::ClientKey client);

  // Those that go to another loop, in the order in which they left.
  std::vector<Arrival>& departures() { return departures_; }

  // The operator has decided anew.
  void renew_options(const broker::Options& options);

  // Ends the goodbyes whose time is up.
  void on_time(base::TimePoint now);
  base::TimePoint next_deadline() const;

  // Ends the one that holds most memory, if that is worth it. One whose packets wait for the broker is not
  // blamed for them.
  void shed_largest();

  // Ends all of them now, without a word.
  void drop_all();

 private:
  struct Connection {
    Socket socket;
    broker::ClientKey client;  // none: the slot is free
    Unread unread;
    broker::ListenerTraffic::Cell* traffic = nullptr;
    std::unique_ptr<Line> line;  // null: plain
    std::uint32_t needed = 0;    // no progress with fewer unread bytes; 0: they wait, or nothing is known
    std::uint32_t interest = 0;  // what the poller is asked for
    bool ended = false;          // the peer says no more; what is unread is still to be heard
    bool clogged = false;        // too much is unwritten to take in more
    bool closing = false;
    bool deaf = false;  // the peer takes nothing more; what it had said before is still to be heard
  };
  static_assert(sizeof(Connection) == 80);
  using Goodbye = base::Handle<Socket>;
  struct Ending {
    base::TimePoint at{};
    std::uint64_t who = 0;  // client or goodbye
  };

  Connection* find(broker::ClientKey client) noexcept;
  bool waits(const Connection& connection) const {
    return connection.needed == 0 && !connection.unread.empty();
  }
  void read(Connection& connection);
  void read_line(Connection& connection);
  bool introduce(Connection& connection, broker::Introduction learnt);
  bool welcomes(Arrival& arrival);
  void feed(broker::ClientKey client, mqtt::Bytes fresh);
  bool feed_unread(Connection& connection, mqtt::Bytes& fresh);
  bool departs(Connection& connection, mqtt::Bytes fresh);
  void on_end_of_input(Connection& connection);
  void settle(Connection& connection);
  void set_interest(Connection& connection, std::uint32_t writes);
  void flush(broker::ClientKey client, bool takes_more);
  bool is_still_to_be_heard(const Connection& connection, int error) const;
  bool send(Connection& connection, broker::Output& output);
  bool send_sealed(Connection& connection, broker::Output& output);
  void seal(Connection& connection, broker::Output& output);
  static bool has_unwritten(const Connection& connection, const broker::Output& output);
  void charge(Line& line);
  void uncharge(Line& line);
  void uncharge(Connection& connection);
  void hang_up(Connection& connection);
  void lose(Connection& connection);
  void release(Connection& connection);
  void finish(Connection& connection);
  void say_goodbye(Socket socket);
  void on_goodbye(Goodbye goodbye);
  bool has_heard_out(const Socket& socket);

  broker::Broker& broker_;
  Poller& poller_;
  broker::Ledger& ledger_;
  broker::Accounts& accounts_;
  Guests& guests_;
  std::size_t unwritten_max_;
  base::TimePoint now_{};
  std::vector<Connection> connections_;  // by the index of the client's handle
  std::vector<Arrival> departures_;
  base::SlotMap<Socket> goodbyes_;
  base::Queue<Ending> closing_;  // in the order of time
  base::Queue<Ending> leaving_;  // likewise
  const std::uint32_t loop_;
  std::array<std::uint8_t, 64 * 1024> buffer_;
  Line::Scratch scratch_;
};

}  // namespace mortise::net
