// What the broker needs from outside: decisions, a store, a log. The host implements them, tests fake them.
//
// Thread: Hooks and Log are called on the loop whose broker asks, several loops at once; Store::hand_over
// too. No call may block, throw or call back into the broker: what takes time is answered later.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/slot_map.hpp"
#include "base/time.hpp"
#include "broker/listener_traffic.hpp"
#include "broker/message.hpp"
#include "broker/pace.hpp"
#include "broker/record.hpp"
#include "mqtt/packet.hpp"

namespace mortise::broker {

class Client;
using ClientKey = base::Handle<Client>;

// Where a connection came in. Lives as long as the process.
struct Listener {
  std::string name;
  bool anonymous = false;  // admits a CONNECT without user name
  bool allows_3_1 = true;
  bool allows_3_1_1 = true;
  bool allows_5_0 = true;
  // What a client may use.  (MQTT 5.0 §3.2.2.3.4, §3.2.2.3.5, §3.2.2.3.11 to §3.2.2.3.13)
  mqtt::Qos maximum_qos = mqtt::Qos::exactly_once;
  bool retain = true;
  bool wildcard_subscriptions = true;
  bool subscription_identifiers = true;
  bool shared_subscriptions = true;
  bool checks_payload_format = false;
  bool offers_all_subscriptions() const noexcept {
    return wildcard_subscriptions && subscription_identifiers && shared_subscriptions;
  }
  std::uint32_t connections_max = 0;  // 0: unlimited
  std::uint32_t packet_size_max = 0;  // bytes; 0: Options::packet_size_max
  // Of all its clients together; null: unlimited.
  std::unique_ptr<SharedPace> publish_rate{}, publish_bytes{};
  // Connections without a CONNECT that was let in, of all loops.
  mutable std::atomic<std::uint32_t> half_open{0};
  // Nobody is let in any more: it is not in the configuration now.
  mutable std::atomic<bool> is_closed{false};
  // Shared with what follows it under its name.
  std::shared_ptr<ListenerTraffic> traffic = std::make_shared<ListenerTraffic>();
  std::vector<std::string> authenticators{};  // plugin instances in order; empty: all of them
  std::string mount_point{};                  // see mount_point.hpp; empty: none
  // The clients of plugins come in here: nobody asks who they are, and they may be silent.
  bool is_inline = false;
  bool asks_hooks = true;  // authorise and intercept; never about what such a client receives
};

// How the client identifiers of plugins' clients begin, and nobody else's.
inline constexpr std::string_view inline_prefix = "$inline/";

// Who a client is, for hooks, events and log lines. Views, valid during the call they are passed to.
struct ClientFacts {
  ClientKey key;
  std::uint32_t loop = 0;
  mqtt::Version version = mqtt::Version::v5_0;
  bool connected = true;
  std::uint16_t keep_alive_s = 0;
  std::uint32_t session_expiry_s = 0;
  std::string_view client_id;
  std::string_view username;
  std::string_view address;            // "10.0.0.17:50122"
  std::string_view identity;           // what its transport has proved, see Introduction; empty: nothing
  std::string_view cipher;             // likewise
  const Listener* listener = nullptr;  // null while offline
  std::uint64_t plugin_data = 0;       // what the authenticator asked to have kept
};

// Names a question that may be answered later, through Broker::on_answer on loop `loop`.
// A value: it goes stale safely.
struct Question {
  std::uint32_t loop = 0;
  ClientKey client;
  std::uint32_t serial = 0;
};

enum class Decision : std::uint8_t {
  pass,  // nobody had an opinion
  allow,
  deny,
  change,      // intercept: `message` takes the old one's place
  drop,        // intercept: answer the sender with success, go no further
  disconnect,  // deny and close
  proceed,     // exchange: the client is to answer `authentication_data`
  pending,     // Broker::on_answer will follow
};

struct Answer {
  Decision decision = Decision::pass;
  mqtt::ReasonCode reason = mqtt::ReasonCode::success;  // success: the usual one for the decision
  std::string reason_string;                            // to the client; empty: none
  std::string by;                                       // plugin instance that decided, for the log
  std::string rule;                                     // and why
  MessageRef message;                                   // for change
  std::string username;             // authenticate: who the client is from now on; empty: as sent
  std::uint64_t plugin_data = 0;    // authenticate: kept as ClientFacts::plugin_data
  std::string authentication_data;  // exchange: for the client; empty: none
  std::string server_reference;     // where to go instead, with use_another_server and server_moved
};

// One step of an enhanced authentication.  (MQTT 5.0 §4.12)
struct Exchange {
  std::string_view method;
  mqtt::Bytes data;
  const mqtt::Connect* connect = nullptr;  // null when a connected client authenticates anew
};

enum class Action : std::uint8_t { publish, subscribe, receive, will, retain, count };

// What is asked about; what does not apply stays empty.
struct Access {
  Action action = Action::publish;
  std::string_view topic;  // name, or filter for subscribe
  const Message* message = nullptr;
  mqtt::Qos qos = mqtt::Qos::at_most_once;  // subscribe: the QoS asked for
};

// Happenings that plugins may observe.
enum class EventKind : std::uint8_t {
  connected,
  disconnected,
  refused,
  denied,
  session_created,
  session_resumed,
  session_taken_over,
  session_offline,
  session_expired,
  subscribed,
  unsubscribed,
  published,
  delivered,
  acknowledged,
  dropped,
  retained_set,
  retained_cleared,
  will_sent,
  count
};

struct Event {
  EventKind kind{};
  const ClientFacts* client = nullptr;
  const Message* message = nullptr;  // dropped: may be a stub
  std::string_view name;             // filter, or what was denied
  mqtt::ReasonCode reason = mqtt::ReasonCode::success;
  mqtt::Qos qos = mqtt::Qos::at_most_once;
  std::string_view loss;  // dropped: the ledger's reason
};

class Hooks {
 public:
  virtual ~Hooks() = default;

  // Which calls somebody is attached to; constant during a turn. What is not wanted is not called: an empty
  // chain costs the broker one branch.
  struct Wanted {
    bool authenticate = false;
    bool intercept_publish = false;
    bool intercept_connect = false;
    bool intercept_will = false;
    bool accept = false;
    std::array<bool, static_cast<std::size_t>(Action::count)> authorise{};
    std::array<bool, static_cast<std::size_t>(EventKind::count)> events{};
    bool wants(Action action) const { return authorise[static_cast<std::size_t>(action)]; }
    bool wants(EventKind kind) const { return events[static_cast<std::size_t>(kind)]; }
  };
  virtual const Wanted& wanted(std::uint32_t loop) const = 0;

  // A connection that was accepted, of which its listener, its loop and its address are known. pass, allow or
  // deny; answered at once.
  virtual Answer accept(const ClientFacts& peer, base::Now now) = 0;
  // Before anybody is asked who it is: pass, deny or pending.
  virtual Answer intercept_connect(const ClientFacts& client, const mqtt::Connect& connect, Question question,
                                   base::Now now) = 0;
  // pass: nobody knew the client; the listener's rule for anonymous clients decides.
  virtual Answer authenticate(const ClientFacts& client, const mqtt::Connect& connect, Question question,
                              base::Now now) = 0;
  // A CONNECT with an authentication method, or an AUTH. pass: nobody knows the method, and the client is
  // refused.
  virtual Answer exchange(const ClientFacts& client, const Exchange& step, Question question,
                          base::Now now) = 0;
  // pass means allow. receive is answered at once: pending is not allowed there.
  virtual Answer authorise(const ClientFacts& client, const Access& access, Question question,
                           base::Now now) = 0;
  // pass, change, drop, deny, disconnect or pending.
  virtual Answer intercept_publish(const ClientFacts& client, const MessageRef& message, Question question,
                                   base::Now now) = 0;
  // A will that is due: pass, change or drop; answered at once.
  virtual Answer intercept_will(const ClientFacts& client, const MessageRef& message, base::Now now) = 0;
  // The client of a question that is pending has gone: nobody waits for the answer any more.
  virtual void cancel(const Question& question) = 0;
  // What was published under this ticket has reached the level that was asked for; see Broker::publish.
  virtual void kept(std::uint32_t loop, std::uint64_t ticket) = 0;
  // The client that carries `plugin_data` is gone.
  virtual void forget(std::uint32_t loop, std::uint64_t plugin_data) = 0;
  // Collected; plugins see it in a batch at the end of the turn.
  virtual void happened(const Event& event, std::uint32_t loop, base::Now now) = 0;
};

// A question for messages whose bodies left memory.
struct StoreRead {
  struct Wanted {
    std::uint64_t delivery = 0;
    std::uint64_t message = 0;  // its number
  };
  std::uint32_t loop = 0;
  std::uint64_t session = 0;   // the value of its key
  std::vector<Wanted> wanted;  // by rising delivery, and all durable
};

// And its answer: the messages, each once or more, in any order. One that is not among them is not in the
// store.
struct Page {
  StoreRead read;
  std::vector<MessageRef> messages;
};

class Store {
 public:
  virtual ~Store() = default;
  // Takes the batch, in the order of its sequence; never refuses. Progress is told to Journal::durable.
  virtual void hand_over(Batch batch) = 0;
  // Answered by Broker::on_page in a turn of that loop, once; a store that cannot read tries until it can.
  virtual void read(StoreRead what) = 0;
};

enum class LogLevel : std::uint8_t { debug, info, notice, warning, error };

class Log {
 public:
  virtual ~Log() = default;
  // Whether anybody would see it: ask before building a line.
  virtual bool wants(LogLevel level, std::string_view category) const = 0;
  struct Field {
    std::string_view key;
    std::string_view text;
  };
  // `event` is a stable name such as "client.denied"; `client` may be null. Copies what it keeps.
  virtual void write(LogLevel level, std::string_view category, std::string_view event, std::string_view text,
                     const ClientFacts* client, std::span<const Field> fields) = 0;
};

}  // namespace mortise::broker
