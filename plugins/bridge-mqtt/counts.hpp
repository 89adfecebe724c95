// What became of the messages of one link, and how it is. Read from any thread; shown by the host's metrics,
// too.
//
// Thread: added to by the link's thread and the strand; define() before that.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <mortise/plugin.hpp>
#include <mutex>
#include <optional>
#include <string>

namespace mortise::bridge {

class Count {
 public:
  void operator++() {
    ++value_;
    metric_.add();
  }
  std::uint64_t load() const { return value_; }
  operator std::uint64_t() const { return value_; }
  void show_as(const counter& metric) { metric_ = metric; }

 private:
  std::atomic<std::uint64_t> value_{0};
  counter metric_;
};

class Counts {
 public:
  Count out;           // handed to the remote
  Count acknowledged;  // and it has taken responsibility, QoS 1 and 2
  Count in;            // from the remote, taken by the broker
  Count connects;      // CONNACKs that said yes
  Count failures;      // attempts that came to nothing, connections that were lost
  Count loops;         // messages that came back to where they began, or from too far; rounds in 3.1.1
  gauge connected;     // 1 while the link is
  gauge waiting;       // messages
  gauge oldest;        // seconds

  // Shows all of them as metrics of this link.
  void define(const metrics& all, const std::string& link) {
    const auto define_one = [&](Count& count, const char* name, const char* help) {
      count.show_as(all.counter(name, help, {{"link", link}}));
    };
    define_one(out, "bridge_messages_sent_total", "Messages that were handed to the remote.");
    define_one(acknowledged, "bridge_messages_acknowledged_total",
               "Of those, messages of QoS 1 and 2 that the remote has acknowledged.");
    define_one(in, "bridge_messages_received_total", "Messages of the remote that the broker has taken.");
    define_one(connects, "bridge_connects_total", "Connections to the remote that came about.");
    define_one(failures, "bridge_failures_total",
               "Attempts that came to nothing, and connections that were lost.");
    define_one(loops, "bridge_loops_total",
               "Messages that came back to where they began, or from too far; in 3.1.1, how often one left "
               "again and again.");
    connected = all.gauge("bridge_connected", "1 while the link is connected.", {{"link", link}});
    waiting = all.gauge("bridge_waiting_messages", "Messages that wait for the remote or are on their way.",
                        {{"link", link}});
    oldest = all.gauge("bridge_oldest_waiting_seconds",
                       "How long the oldest of them has waited; 0 without one.", {{"link", link}});
    metrics_ = all;
    link_ = link;
    show_refused(other_);  // there is a place for it whatever else is refused
  }

  // A message that was not passed on, and why: "remote: not authorized", "too large for the remote".
  void refuse(const std::string& why) {
    std::string reason = why;
    std::optional<counter> shown;
    {
      const std::lock_guard lock{mutex_};
      if (refused_.size() >= reasons_max && !refused_.contains(why)) reason = other_;
      ++refused_[reason];
      if (const auto found = refused_metrics_.find(reason); found != refused_metrics_.end())
        shown = found->second;
    }
    if (!shown) shown = show_refused(reason);
    shown->add();
  }
  std::map<std::string, std::uint64_t> refused() const {
    const std::lock_guard lock{mutex_};
    return refused_;
  }

 private:
  static constexpr std::size_t reasons_max = 64;

  // All links together have a limit; beyond it a reason is shown as "other".
  counter show_refused(const std::string& reason) {
    if (!metrics_) return {};
    std::optional<counter> made;
    try {
      made = metrics_->counter("bridge_messages_refused_total",
                               "What was not passed on or not allowed, by reason.",
                               {{"link", link_}, {"reason", reason}});
    } catch (const error&) {
      // The limit.
    }
    const std::lock_guard lock{mutex_};
    if (!made) made = refused_metrics_[other_];
    return refused_metrics_.emplace(reason, *made).first->second;
  }

  const std::string other_{"other"};
  mutable std::mutex mutex_;
  std::map<std::string, std::uint64_t> refused_;
  std::optional<metrics> metrics_;  // none: this host has none
  std::string link_;
  std::map<std::string, counter> refused_metrics_;
};

}  // namespace mortise::bridge
