// One link: a client of the broker here, a client of the remote there, and each message's steps passed on
// between them.
//
// The link keeps nothing of its own. What waits is in the session of the client here; a message stays there
// until the remote has acknowledged it, under the same packet identifier on both sides, so that after a crash
// of either both know what the other has seen. What comes from the remote is published under the remote's
// packet identifier and acknowledged when the broker here has acknowledged it.
//
// Thread: that of the io_context; what the broker says comes on the strand and is posted there.
// Owns:   the connection, the inline client.
// Fails:  never: whatever goes wrong is counted, logged and tried again.
// Source: README.md, "What it promises".
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <map>
#include <memory>
#include <mortise/plugin.hpp>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "backoff.hpp"
#include "counts.hpp"
#include "outgoing.hpp"
#include "pace.hpp"
#include "remote.hpp"
#include "returns.hpp"
#include "rounds.hpp"
#include "settings.hpp"
#include "stream.hpp"

namespace mortise::bridge {

class Link final : public std::enable_shared_from_this<Link>, private Remote::Events {
 public:
  enum class State : std::uint8_t { preparing, connecting, running, waiting, stopped };

  // `node` names this broker in messages that leave. `instance`, of the plugin.
  Link(boost::asio::io_context& io, mortise::host host, LinkSettings settings, std::string node);

  // Before start().
  void show_in(const metrics& all) { counts_.define(all, settings_.name); }
  void start();
  // Says goodbye; nothing is tried again.
  void stop();
  // The files of passwords and certificates may have changed: connects anew if they have.
  void look_at_files();

  const LinkSettings& settings() const { return settings_; }
  const Counts& counts() const { return counts_; }
  State state() const { return state_; }
  // Why it is as it is, for people; and where it is connected to.
  const std::string& why() const { return why_; }
  std::string address() const { return settings_.addresses[address_].text(); }
  std::chrono::system_clock::time_point since() const { return since_; }
  // What waits for the remote, as of the last look(); empty: nobody was asked yet, or it is not granted.
  struct Waiting {
    std::uint64_t messages = 0;  // or is on its way there
    std::uint64_t bytes = 0;
    std::chrono::system_clock::time_point oldest{};  // when the first of them came; only if there are some
  };
  const std::optional<Waiting>& waiting() const { return waiting_for_remote_; }
  static double age_of(std::chrono::system_clock::time_point came);  // seconds
  // Asks the broker; `then` is called when it has answered.
  void look(std::function<void(Link&)> then);
  // Nobody will ask any more.
  void forget_waiting() {
    counts_.waiting.set(0);
    counts_.oldest.set(0);
  }
  // Called when the state changes.
  std::function<void(Link&)> on_change;

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::size_t unwritten_max =
      256UL << 10;  // bytes to the remote; beyond it nothing more is sent, and nothing read
  struct InFlight {
    std::uint8_t qos = 0;      // as sent
    bool is_released = false;  // PUBREL was sent
  };

  // ---- Remote::Events
  void on_connected(bool session_present) override;
  void on_refused(mqtt::ReasonCode reason) override;
  void on_ended(mqtt::ReasonCode reason) override;
  bool on_publish(const mqtt::Publish& packet) override;
  bool on_pubrel(mqtt::PacketId packet_id) override;
  void on_puback(mqtt::PacketId packet_id, mqtt::ReasonCode reason) override;
  void on_pubrec(mqtt::PacketId packet_id, mqtt::ReasonCode reason) override;
  void on_pubcomp(mqtt::PacketId packet_id, mqtt::ReasonCode reason) override;
  void on_suback(const mqtt::Suback& packet) override;

  // ---- the session here
  void prepare();
  void open_local(std::uint32_t flags, std::uint32_t credits, std::function<void(Link&)> opened);
  void unsubscribe_old(std::function<void(Link&)> done);
  void subscribe_local(std::function<void(Link&)> done);
  void on_deliveries(std::vector<Outgoing> messages);
  void on_release(mqtt::PacketId packet_id);
  void on_local_closed(std::uint8_t reason);
  void settle(const Outgoing& message);

  // ---- the remote
  void attempt();
  std::optional<std::string> read_password(std::string& fault) const;
  void settle_down(bool session_present);
  void on_bytes(std::span<const std::uint8_t> bytes);
  void after_packets();
  void flush();
  void pump();
  void on_taken(mqtt::PacketId packet_id, mqtt::Qos qos, mortise_status_t status, mqtt::ReasonCode reason);
  void refuse(const mqtt::Publish& packet, const std::string& why, mqtt::ReasonCode reason);
  void on_completed(mqtt::PacketId packet_id, mortise_status_t status, mqtt::ReasonCode reason);
  void tell_loop(const std::string& why, std::string_view topic);
  void tell_rounds(std::string_view topic);
  void tell_once_a_minute(const std::string& text, std::string_view topic);
  // With how much waits for the remote, and how long, where that is known.
  void tell(std::int32_t level, std::string_view event, std::string_view text) const;
  void lose(const std::string& why);
  void try_again(const std::string& why);
  void close();
  void tick();
  void look_for_the_first();
  void probe_the_first();
  void return_to_the_first();
  void become(State state, const std::string& why);
  std::string fingerprint() const;
  // The client identifier of the link's session here.
  std::string session() const;

  template <class Then>
  auto guarded(Then then);
  template <class Handler>
  auto to_here(Handler handler);

  boost::asio::io_context& io_;
  mortise::host host_;
  const LinkSettings settings_;
  const std::string node_;
  Counts counts_;
  Backoff backoff_;
  Returns returns_;
  Pace pace_;
  boost::asio::steady_timer reconnect_, timeout_, tick_, pace_timer_, return_;

  State state_ = State::stopped;
  std::string why_;
  std::chrono::system_clock::time_point since_{};
  std::size_t address_ = 0;
  std::uint64_t attempt_ = 0;  // what belongs to an earlier one is over
  std::optional<Stream> stream_;
  std::optional<Stream> probe_;
  std::optional<Remote> remote_;
  inline_client local_;
  bool is_prepared_ = false;  // the session here has its subscriptions
  bool bridge_bit_ = true;
  bool knows_no_bridges_ = false;  // the remote has said so
  bool has_asked_ = false;         // CONNECT was sent
  bool running_ = false;
  Clock::time_point running_since_{};
  std::string fingerprint_;
  std::deque<Outgoing> waiting_;
  std::optional<Waiting> waiting_for_remote_;
  std::unordered_map<mqtt::PacketId, InFlight> in_flight_;
  std::string last_failure_;
  Clock::time_point loop_told_{};
  Rounds rounds_;
};

std::string_view name_of(Link::State state);

}  // namespace mortise::bridge
