// What a client may rely on, kept apart from the broker's code: it hears what clients send and receive, and
// when the broker crashed, and throws a Violation where MQTT or "acknowledged means stored" is broken.
//
// It decides at once what is decided at once (order, duplicates, identifiers), and at the end what must have
// come. Where a race makes two outcomes right it accepts both; nothing else is excused.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "broker/message.hpp"
#include "broker/options.hpp"
#include "simulation/group_book.hpp"
#include "simulation/model_store.hpp"
#include "simulation/will_oracle.hpp"

namespace mortise::simulation {

inline constexpr MessageId nothing = ~0U;

struct Sent {
  ClientIndex publisher = 0;
  std::string topic;
  mqtt::Qos qos{};
  bool retain = false;
  bool clears = false;  // a retained message without payload
  bool is_will = false;
  bool large = false;          // over the small maximum packet size
  std::uint32_t expiry_s = 0;  // 0: none
  broker::Level level{};
  Milliseconds first_sent = not_yet;
  bool sent_again = false;
  bool sent_again_late = false;  // after a crash: it takes its place among the others anew
  Milliseconds acknowledged = not_yet;
  std::optional<MessageId>
      replaced;                // by what a fresh subscriber saw instead after it was acknowledged, or nothing
  bool lost_by_crash = false;  // it was acknowledged, and its class does not survive what happened since
  bool repeated_by_crash = false;  // its class does not promise "exactly once" through what happened since
};

class Oracle {
 public:
  Oracle(Trace& trace, std::uint32_t clients, const broker::Options& options, bool has_store)
      : trace_{&trace}, options_{&options}, has_store_{has_store}, sessions_(clients) {}

  // By which loop a client's session is kept, as things are.
  using HomeOf = std::function<std::uint32_t(ClientIndex)>;
  void knows_homes(HomeOf home_of) { home_of_ = std::move(home_of); }

  void at(Milliseconds now) { now_ = now; }
  Milliseconds now() const { return now_; }

  void takes_small_packets_only(ClientIndex client) { sessions_[client].small_packets_only = true; }

  // ---- messages on their way in
  MessageId made(Sent message);
  const Sent& message(MessageId id) const { return messages_[id]; }
  bool knows(MessageId id) const { return id < messages_.size(); }
  void sending(MessageId id);  // each time; the first time it is decided who has to get it
  void acknowledged(MessageId id);
  void is_large(MessageId id) { messages_[id].large = true; }

  // ---- connections and sessions
  struct Connecting {
    bool clean_start = false;
    std::uint32_t expiry_s = 0;
    std::optional<MessageId> will;
    std::uint32_t will_delay_s = 0;
  };
  void connecting(ClientIndex client, std::uint64_t connection, const Connecting& how);
  void connected(ClientIndex client, std::uint64_t connection, bool session_present);
  // The broker's side of a connection is over; `orderly`: it read a DISCONNECT. `ends_session`: one that said
  // so.
  void ended(ClientIndex client, std::uint64_t connection, bool orderly, bool ends_session);
  void crashed(Crash kind);
  void restarted(bool clock_jumped_forward);
  // A crash while the store kept nothing and the operator had chosen to go on all the same: what survives is
  // something from the time before, and all clients begin anew.
  void crashed_unkept();
  // Everything so far is durable.
  void settled() {
    wills_.settled();
    weak_ = {};
  }

  // ---- subscriptions
  struct Subscription {
    std::string filter;
    mqtt::SubscriptionOptions options;
    std::uint32_t identifier = 0;
    bool confirmed = false;
    bool given_up = false;        // UNSUBSCRIBE or another SUBSCRIBE for it was sent
    std::uint32_t asked = 0;      // which SUBSCRIBE it was
    std::uint32_t ended_by = 0;   // which UNSUBSCRIBE ended it
    Milliseconds gone = not_yet;  // its UNSUBACK came
  };
  // Both return a number of the request, by which its answer names it.
  std::uint32_t subscribing(ClientIndex client, Subscription subscription);
  std::uint32_t unsubscribing(ClientIndex client, std::string_view filter);
  void subscribed(ClientIndex client, std::uint32_t request, bool granted);
  void unsubscribed(ClientIndex client, std::uint32_t request);

  // ---- messages on their way out
  struct Received {
    MessageId id = 0;
    std::string_view topic;
    mqtt::Qos qos{};
    bool retain = false;
    bool dup = false;
    bool is_marked = false;  // a plugin has changed it
    std::vector<std::uint32_t> identifiers;
  };
  void received(ClientIndex client, const Received& packet);
  void dropped(ClientIndex client, MessageId id, std::string_view reason);

  // ---- at the end
  void check_deliveries() const;
  // `values`: what a fresh subscriber got, by topic.
  void check_retained(const std::map<std::string, MessageId>& values) const;
  // The same while the run goes on, and everything is settled.
  void saw_retained(const std::map<std::string, MessageId>& values);

 private:
  struct Expectation {
    ClientIndex client = 0;
    bool waived = false;
  };
  // One client's session, from one beginning to the next.
  struct Session {
    bool small_packets_only = false;
    Sure alive = Sure::no;
    std::uint32_t expiry_s = 0;
    bool online = false;              // its CONNACK came and the broker has not seen the end
    std::uint64_t online_by = 0;      // … of this connection
    std::uint64_t connection = 0;     // the latest CONNECT
    std::optional<Connecting> asked;  // sent, no CONNACK yet
    Sure stored = Sure::maybe;        // it outlives a crash
    std::uint32_t count = 0;          // of the client's sessions
    Milliseconds asked_at = 0;
    bool end_unconfirmed = false;    // ended in the store's sight perhaps only: no answer has confirmed it
    Milliseconds started = 0;        // its CONNECT was sent then
    Milliseconds offline_since = 0;  // at the earliest
    Milliseconds counts_from = 0;    // at the latest
    std::vector<Subscription> subscriptions;
    std::map<MessageId, std::uint32_t> copies;  // received, copies of retained values apart
    std::set<MessageId> exactly_once;           // of them, those that came with QoS 2
    std::map<std::tuple<ClientIndex, std::string, mqtt::Qos>, MessageId>
        newest;  // by publisher, topic and QoS
  };
  struct Matching {
    mqtt::Qos qos = mqtt::Qos::at_most_once;
    bool any = false;
    bool retain_as_published = false;
    std::vector<std::uint32_t> identifiers;
  };

  Matching matching(const Session& session, const Sent& sent) const;
  void doubt(ClientIndex client);
  void attempt_failed(ClientIndex client);
  void judge_expiry(ClientIndex client);
  void expect(MessageId id);
  void waive(ClientIndex client, bool acknowledged_too);
  void give_up(ClientIndex client, std::string_view filter, std::uint32_t ended_by);
  bool is_expected(ClientIndex client, MessageId id) const;
  void check_age(ClientIndex client, const Received& packet) const;
  bool stands(const Sent& sent) const { return sent.acknowledged != not_yet && !sent.lost_by_crash; }
  bool is_superseded(MessageId older) const;
  bool can_receive(ClientIndex client, const Sent& sent) const;

  // ---- shared subscriptions (oracle_groups.cpp)
  // The subscription by which it surely is a member; null: it may be none.
  const Subscription* membership(const Session& session, GroupIndex group) const;
  bool may_be_member(const Session& session, GroupIndex group) const;
  bool surely_lives(const Session& session) const;
  bool may_have_ended(const GroupBook::Member& member) const;
  void expect_in_groups(MessageId id);
  void check_repeat(const GroupBook::Member& member, const Received& packet,
                    const GroupBook::Receipt& earlier) const;
  void received_by_member(ClientIndex client, const Received& packet);
  void dropped_by_member(ClientIndex client, MessageId id, std::string_view reason);
  bool had_to_hand_on(ClientIndex client, MessageId id, GroupIndex group) const;
  void members_changed();
  void members_lost_memory();
  // What is the group's is for a while in a session that a crash takes with it.
  void weakened(const Session& session);

  [[noreturn]] void violated(const char* what, ClientIndex client, MessageId id) const;

  Trace* trace_;
  const broker::Options* options_;
  bool has_store_;
  Milliseconds now_ = 0;
  Milliseconds process_started_ = 0;
  std::uint32_t requests_ = 0;
  std::vector<Session> sessions_;
  std::vector<Sent> messages_;
  std::map<MessageId, std::vector<Expectation>> expected_;
  std::map<MessageId, std::uint32_t> ever_received_;
  std::set<std::pair<ClientIndex, MessageId>> shed_;  // by a queue's limit
  WillOracle wills_;
  GroupBook book_;
  std::array<bool, groups.size()> weak_{};
  HomeOf home_of_;
};

}  // namespace mortise::simulation
