// One connection as the broker sees it: what was agreed at CONNECT, what waits to be said.
//
// Thread: the loop it is on; it moves once, before CONNACK, to its session's home loop.   Owns: its output.
// Source: MQTT 5.0 §3.1, §3.2, §4.9; Rule::connection_generation: what waits lives in here and ends with the
//         connection.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "broker/introduction.hpp"
#include "broker/listener_traffic.hpp"
#include "broker/output.hpp"
#include "broker/pace.hpp"
#include "broker/session.hpp"
#include "broker/topic_names.hpp"

namespace mortise::broker {

// One packet that may not leave before a batch is durable. The gate lets packets out in order only.
struct Gated {
  Ordinal ordinal = 0;
  Level level = Level::memory;
  mqtt::PacketType type{};
  mqtt::ReasonCode reason{};
  mqtt::PacketId packet_id = 0;
  std::unique_ptr<mqtt::Buffer> bytes;  // the packet, encoded already; null: it is made of the above
};

// What is known about a connection between its authentication and its CONNACK.
struct Entering {
  std::string assigned_client_id;
  Answer answer;      // the authenticator's
  MessageRef will;    // once it is made; none when it was refused
  mqtt::Buffer rest;  // of one that has moved here after its AUTH packets and waits: its CONNECT
};

// What a SUBSCRIBE or UNSUBSCRIBE is answered, filter by filter.
struct FilterAnswers {
  std::vector<mqtt::ReasonCode> codes;
  std::string why;  // of the first refusal that says why

  std::size_t granted() const {
    return static_cast<std::size_t>(std::ranges::count_if(codes, [](auto code) { return !is_error(code); }));
  }
  void refuse(mqtt::ReasonCode code, std::string_view text) {
    codes.push_back(code);
    if (why.empty()) why = text;
  }
};

// An enhanced authentication, which a client may begin anew for as long as its connection lasts.
struct Authenticating {
  std::string method;
  bool is_open = false;  // an AUTH of the client's is awaited
  mqtt::Buffer connect;  // its CONNECT, while that is not answered and AUTH packets have come since
};

// Of a 3.x client whose unacknowledged messages are sent again on a living connection.
struct Retry {
  explicit Retry(std::uint64_t client) : timer{TimerKind::retry, client} {}
  Timer timer;
  Position before = 0;  // what is in flight below it was so the last time, too
};

// Of a client whose publishing has a limit, its own or its listener's.
struct Paced {
  Paced(std::uint64_t client, std::uint64_t messages_a_second, std::uint64_t bytes_a_second)
      : timer{TimerKind::pace, client}, messages{messages_a_second}, bytes{bytes_a_second} {}
  Timer timer;
  Pace messages, bytes;
};

class Client {
 public:
  enum class State : std::uint8_t { expects_connect, connected, closing };
  // Why unread packets wait, bit by bit.
  enum Pause : std::uint8_t { for_answer = 1, for_room = 2, for_store = 4, for_pace = 8 };
  // The questions about one packet, in their order: of a CONNECT the first two, `access` who it is.
  enum class Asked : std::uint8_t { interception, access, retain };

  Client(const Listener& came_in, std::uint32_t loop, std::string from)
      : listener{&came_in},
        traffic{&came_in.traffic->of(loop)},
        address{std::move(from)},
        timer{TimerKind::silence, 0} {}

  ClientKey key;
  const Listener* listener;
  ListenerTraffic::Cell* traffic;  // the listener's, of this loop
  std::string address;
  std::string username;
  State state = State::expects_connect;
  mqtt::Version version = mqtt::Version::v3_1_1;
  std::uint8_t paused = 0;
  Asked asked{};         // of a CONNECT: the next question; else the one that `answer` is to
  bool touched = false;  // is in Effects::flush already
  bool connack_sent = false;
  bool was_let_in = false;    // its CONNECT was accepted
  bool will_on_close = true;  // until DISCONNECT says otherwise
  bool wants_problem_information = true;
  bool is_mounted = false;  // then it has names
  bool is_bridge = false;   // of 3.x: another broker
  std::uint16_t keep_alive_s = 0;
  std::uint16_t quota = 0;      // QoS 1 and 2 messages we may have in flight to it
  std::uint16_t in_flight = 0;  // PUBLISH packets of QoS 1 and 2 on this connection without PUBACK or PUBCOMP
  std::uint16_t unacknowledged = 0;   // the other direction, held against our receive maximum
  std::uint16_t topic_alias_max = 0;  // how many we may give it
  // What it was told that it may send, whatever the operator decides later: our receive maximum, topic alias
  // maximum and maximum packet size.
  std::uint16_t told_receive_maximum = 0;
  std::uint16_t told_topic_alias_maximum = 0;
  std::uint32_t told_packet_size_max = 0;
  std::uint32_t packet_size_max = 0;  // the client's; 0: none
  std::uint32_t question_serial = 0;
  std::uint32_t session_expiry_s = 0;  // as sent at CONNECT
  std::uint64_t plugin_data = 0;
  SessionKey session;
  base::TimePoint last_packet{};
  Position from_before = 0;      // what the session owed it when it came lies below
  std::size_t resend_at = 0;     // index in the session's in_flight of the next to send again
  Timer timer;                   // connect timeout, then keep alive
  std::unique_ptr<Timer> stall;  // closes a 3.x publisher that waits for the store
  std::unique_ptr<Retry> retry;  // only with a retry interval
  std::unique_ptr<Paced> paced;  // only with a limit
  std::unique_ptr<Entering> entering;
  std::unique_ptr<Introduction> introduction;  // identity and cipher; rare
  // To the question about the packet at the front of its input; of a plugin that ends the connection, what it
  // wants said. Rare.
  std::unique_ptr<Answer> answer;
  MessageRef asked_about;  // the message that answer is about
  std::unique_ptr<Authenticating> authenticating;
  std::unique_ptr<TopicNames> names;       // with a mount point, or from the first alias on
  std::unique_ptr<FilterAnswers> partial;  // for the first filters of a SUBSCRIBE

  // Acknowledgements that wait; `gate_first` is the ticket of the front.
  base::Queue<Gated> gate;
  std::uint64_t gate_first = 0;
  std::optional<Ordinal> gate_waits;  // the ordinal this client is registered to be looked at

  Output output;

  std::uint64_t charged = 0;  // what the accounts hold for it, apart from output and names
  std::size_t memory() const noexcept;

  bool is_connected() const noexcept { return state == State::connected; }
  bool is_v5() const noexcept { return version == mqtt::Version::v5_0; }
  // Whether it accepts a packet of so many bytes.  [MQTT-3.1.2-24]
  bool takes(std::size_t bytes) const noexcept { return packet_size_max == 0 || bytes <= packet_size_max; }
  // Its place in the topics; see TopicNames.
  const std::string& mount_point() const noexcept { return names->mount_point(); }
  // One inbound message less is open. (A QoS 2 message of an earlier connection was not counted on this one.)
  void acknowledged() noexcept {
    if (unacknowledged > 0) --unacknowledged;
  }
};

}  // namespace mortise::broker
