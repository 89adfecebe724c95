// A plugin that guards the door and what comes through it, and often thinks about it first.
//
// Nobody from 127.0.0.66 or 203.0.113.66, no client "unwanted". Wills to will/dropped go nowhere, those to
// will/changed say something else. What is published to later/… is answered at the next tick: later/denied is
// denied, later/changed says something else, later/not_kept is not retained; will/later is let in at the next
// tick.
#include <functional>
#include <memory>
#include <mortise/plugin.hpp>
#include <mutex>
#include <string_view>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

class Warden {
 public:
  explicit Warden(mortise::host host) : host_{host} {}
  void start() {
    tick_ = host_.every(100ms, [this] { answer_all(); });
  }

  mortise::answer accept(mortise::call, const mortise_peer_t& peer) const {
    const std::string_view address = mortise::view(peer.address);
    return address == "127.0.0.66" || address == "203.0.113.66" ? mortise::deny : mortise::pass;
  }
  mortise::attach intercept_attach() const {
    return {.kinds = {MORTISE_INTERCEPT_PUBLISH, MORTISE_INTERCEPT_CONNECT, MORTISE_INTERCEPT_WILL}};
  }
  mortise::answer intercept_connect(mortise::call now, const mortise_connect_t& connect) const {
    return mortise::view(connect.client_id) == "unwanted" ? now.deny(0x8A, "not again") : mortise::pass;
  }
  mortise::answer intercept_will(mortise::call now, const mortise_client_view_t&,
                                 const mortise_message_view_t& will) const {
    if (mortise::view(will.topic) == "will/dropped") return mortise::drop;
    return mortise::view(will.topic) == "will/changed" ? now.change(changed(will)) : mortise::pass;
  }
  mortise::answer intercept_publish(mortise::call now, const mortise_client_view_t&,
                                    const mortise_message_view_t& message) {
    const std::string_view topic = mortise::view(message.topic);
    if (topic == "later/changed")
      return later(now, [made = std::make_shared<mortise::message>(changed(message))](mortise::token& token) {
        token.change(std::move(*made));
      });
    if (!topic.starts_with("later/")) return mortise::pass;
    const mortise::answer said = topic == "later/denied" ? mortise::deny : mortise::pass;
    return later(now, [said](mortise::token& token) { token.reply(said); });
  }
  mortise::attach authorise_attach() const { return {.kinds = {MORTISE_RETAIN, MORTISE_WILL}}; }
  mortise::answer authorise(mortise::call now, const mortise_access_t& access) {
    const std::string_view topic = mortise::view(access.topic);
    if (!topic.starts_with("later/") && topic != "will/later") return mortise::pass;
    const mortise::answer said = topic == "later/not_kept" ? mortise::deny : mortise::allow;
    return later(now, [said](mortise::token& token) { token.reply(said); });
  }

 private:
  using Reply = std::function<void(mortise::token&)>;

  mortise::message changed(const mortise_message_view_t& message) const {
    return host_.make(message, {.payload = mortise::view(mortise::bytes("changed"))});
  }
  mortise::answer later(mortise::call now, Reply reply) {
    auto token = now.defer();
    if (!token) return mortise::fallback;
    const std::lock_guard lock{mutex_};
    waiting_.emplace_back(std::move(*token), std::move(reply));
    return mortise::pending;
  }
  void answer_all() {
    std::vector<std::pair<mortise::token, Reply>> due;
    {
      const std::lock_guard lock{mutex_};
      due.swap(waiting_);
    }
    for (auto& [token, reply] : due) reply(token);
  }

  mortise::host host_;
  std::mutex mutex_;
  std::vector<std::pair<mortise::token, Reply>> waiting_;
  mortise::timer tick_;
};
MORTISE_PLUGIN(Warden, "org.mortise.test.warden", "1.0.0", nullptr);
