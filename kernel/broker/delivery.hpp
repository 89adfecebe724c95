// A message on its way out to one session: limits, queue, window, packet identifier, encoding.
//
// Thread: the loop.
// Cost:   no allocation for a receiver that can be written to at once; one image for a fan-out.
// Fails:  never; what cannot be kept is dropped by a stated reason and counted.
// Source: MQTT 5.0 §3.3, §4.3, §4.4, §4.6 (order), §4.9 (flow control).
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "broker/commits.hpp"
#include "broker/paging.hpp"
#include "mqtt/publish_image.hpp"

namespace mortise::broker {

// What one receiver is to get of a message.
struct Receiver {
  Session* session = nullptr;  // ends no sooner than the routing of this message
  mqtt::Qos qos = mqtt::Qos::at_most_once;
  bool retain = false;           // the RETAIN flag it is to see
  std::uint32_t identifier = 0;  // the first subscription identifier; 0: none
  std::uint32_t more = 0;        // index + 1 in Fanout::identifiers of further ones; 0: none
};

// Where the records of one message's stored deliveries go, and what their durability hangs on.
struct Fanout {
  const MessageRef& message;
  bool stores = false;  // whether stored sessions get records at all
  Ordinal ordinal = unsettled;
  RemoteKey remote;  // while unsettled
  std::vector<DeliveryRecord>* deliveries = nullptr;
  std::vector<record::DeliveryIdentifiers>* identifiers = nullptr;
  std::vector<SessionKey>* sessions = nullptr;  // who has to be told when it settles; null when not needed
  std::uint32_t stored = 0;                     // counts up
  GroupKey group{};  // as whose member the receiver at hand gets it; none otherwise
};

class Delivery {
 public:
  Delivery(Core& core, Commits& commits) : core_{core}, commits_{commits}, paging_{core} {}

  // Sends to the session or queues for it.
  void deliver(Session& session, mqtt::Qos qos, bool retain, std::span<const std::uint32_t> identifiers,
               Fanout& fanout);

  // Sends what may be sent now: first what has to be sent again, then what is queued, in order.
  void pump(Session& session);

  // A new connection for a session that owes messages: everything in flight is to be sent again.
  // [MQTT-4.4.0-1]
  void begin_resend(Session& session, Client& client);

  // Sends again what has been in flight since the last time. 3.x only.
  void retry(Client& client);

  // The client's answers. An identifier nobody has in flight is answered as the specification says.
  void on_puback(Client& client, const mqtt::Puback& packet);
  void on_pubrec(Client& client, const mqtt::Pubrec& packet);
  void on_pubcomp(Client& client, const mqtt::Pubcomp& packet);

  // Asks for positions that may be sent; the caller adds the session's record, which carries them.
  void ask_positions(Session& session);

  // The bodies that a session asked for are here.
  void on_page(const Page& page);

  // Another member of the group takes it, or not.
  using Give = std::function<bool(const Waiting&, GroupKey)>;
  // Of a session that lives on, offers what came to it as a member of a group and was never sent, and drops
  // what is taken. What is not durable yet has to wait: it stays, below Session::hands_on_to, for the next
  // call. (MQTT 5.0 §4.8.2; Rule::hand_on_after_put)
  void hand_on(Session& session, const Give& give);
  // Of a session that ends, the same, and QoS 1 that was not acknowledged; all the rest is dropped. What has
  // to wait stays, and hands_on_to is set until a later call has dealt with it. No `give`: everything is
  // dropped.
  void end(Session& session, const Give& give);
  // Tells the groups of the session how ready it is.
  void note_readiness(Session& session) const;

  // The connection is gone: QoS 0 that waited for it goes, and what was kept at hand for it may leave memory.
  void on_offline(Session& session);

  // For memory's sake: what waits with QoS 0, and so many of the oldest, first of those that were never sent.
  void shed_qos_0(Session& session);
  void shed_oldest(Session& session, std::size_t count);

  // Puts back one delivery at start. In the order of positions.
  void restore(Session& session, Waiting waiting, Position position);
  // Brings the byte account of a session's queue up to date.
  void charge(Session& session) {
    const std::size_t memory = session.outbox.memory();
    if (memory == session.charged) return;
    core_.ledger.accounts.charge(
        Account::queue, static_cast<std::int64_t>(memory) - static_cast<std::int64_t>(session.charged));
    session.charged = memory;
  }

  void end_turn() {
    images_.forget();
    mounted_images_.forget();
  }

 private:
  // One encoding for each shape of the message at hand, its topic without the first `cut` bytes.
  class Images {
   public:
    void cut(std::size_t bytes) {
      if (std::exchange(cut_, bytes) != bytes) forget();
    }
    const mqtt::PublishImage& of(const MessageRef& message, mqtt::Version version, mqtt::Qos qos, bool retain,
                                 base::WallTime now) {
      const std::size_t shape =
          (version == mqtt::Version::v5_0 ? 6U : 0U) + static_cast<std::size_t>(qos) * 2 + (retain ? 1 : 0);
      if (message_.get() != message.get() || !(made_ >> shape & 1))
        make(shape, message, version, qos, retain, now);
      return images_[shape];
    }
    void forget() { message_.reset(); }

   private:
    void make(std::size_t shape, const MessageRef& message, mqtt::Version version, mqtt::Qos qos, bool retain,
              base::WallTime now);
    MessageRef message_;
    std::size_t cut_ = 0;
    std::uint32_t made_ = 0;  // a bit a shape
    std::array<mqtt::PublishImage, 12> images_;
  };

  enum class Sent : std::uint8_t { yes, too_large, outside };
  static Dropped reason_for(Sent outcome) {
    return outcome == Sent::outside ? Dropped::outside : Dropped::packet_too_large;
  }
  Sent send(Client& client, const MessageRef& message, mqtt::Qos qos, bool retain, mqtt::PacketId packet_id,
            bool dup, std::span<const std::uint32_t> identifiers);
  [[gnu::noinline]] Sent send_renamed(Client& client, const MessageRef& message, mqtt::Qos qos, bool retain,
                                      mqtt::PacketId packet_id, bool dup,
                                      std::span<const std::uint32_t> identifiers);
  Sent send_image(Client& client, const MessageRef& message, const mqtt::PublishImage& image,
                  mqtt::PacketId packet_id, bool dup, std::span<const std::uint32_t> identifiers);
  Sent send_aliased(Client& client, const MessageRef& message, const mqtt::PublishImage& image,
                    mqtt::PacketId packet_id, bool dup, std::span<const std::uint32_t> identifiers);
  Client* reachable(const Session& session) {
    Client* client = core_.clients.find(session.client);
    return client && is_reachable(*client) ? client : nullptr;
  }
  static bool is_reachable(const Client& client) { return client.is_connected() && client.connack_sent; }
  void deliver_in_order(Session& session, Client* client, mqtt::Qos qos, bool retain,
                        std::span<const std::uint32_t> identifiers, Fanout& fanout);
  bool receiver_allowed(Session& session, const Message& message);
  void lose(Session& session, const Fanout& fanout, mqtt::Qos qos, Dropped why);
  bool is_catching_up(const Session& session) const;
  QueueLimit limit_of(const Session& session) const;
  bool is_too_old(const QueueLimit& limit, const Message& message) const;
  bool make_room(Session& session, std::size_t bytes);
  // Whether its queue waits until some of what is unwritten has gone.
  bool is_full(const Client& client) const { return client.output.size() >= core_.options.write_buffer; }
  Waiting enrol(Session& session, mqtt::Qos qos, bool retain, std::span<const std::uint32_t> identifiers,
                Fanout& fanout);
  void add_run(Session& session, Position position, Fanout& fanout);
  void drop(Session& session, Waiting waiting, Dropped why);
  void pump(Session& session, Client& client);
  void tidy(Session& session) {
    if (session.outbox.size() == 0)
      session.origins.clear();
    else if (session.is_stored() && (!session.outbox.queued.empty() || !session.is_connected()))
      paging_.page_out(session);
    charge(session);
    if (!session.shared.empty()) note_readiness(session);
  }
  static GroupKey may_go_to(const Session& session, const Waiting& waiting, bool ends);
  void wait_for_batches(Session& session);
  bool waits_for_batch(const Session& session, const Waiting& waiting) const;
  void send_pubrel(const Session& session, Client& client, mqtt::PacketId packet_id);
  bool pump_resend(Session& session, Client& client);
  void give_up(Session& session, Client& client, Waiting& waiting, Dropped why);
  bool pump_queued(Session& session, Client& client);
  bool may_send(Session& session, Client& client, const Waiting& next);
  bool send_or_drop(Session& session, Client& client, Waiting& next);
  void finish(Session& session, Client& client, Waiting& waiting);
  static void pop_done(Session& session, Client& client);
  static std::size_t bytes_of(const Waiting& waiting) {
    return waiting.message ? waiting.message->size() : 0;
  }
  void event(EventKind kind, Session& session, const Message* message, mqtt::Qos qos,
             std::string_view loss = {}) {
    if (core_.wanted().wants(kind)) tell(kind, session, message, qos, loss);
  }
  void tell(EventKind kind, Session& session, const Message* message, mqtt::Qos qos, std::string_view loss);

  Core& core_;
  Commits& commits_;
  Paging paging_;
  Images images_;
  Images mounted_images_;
};

}  // namespace mortise::broker
