// What became of the messages of one link, and how it is. Read from any thread.
//
// Thread: added to by the link's thread and the strand.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>

namespace mortise::bridge {

class Counts {
 public:
  std::atomic<std::uint64_t> out{0};           // handed to the remote
  std::atomic<std::uint64_t> acknowledged{0};  // and it has taken responsibility, QoS 1 and 2
  std::atomic<std::uint64_t> in{0};            // from the remote, taken by the broker
  std::atomic<std::uint64_t> connects{0};      // CONNACKs that said yes
  std::atomic<std::uint64_t> failures{0};      // attempts that came to nothing, connections that were lost
  std::atomic<std::uint64_t> loops{0};         // messages that came back to where they began, or from too far

  // A message that was not passed on, and why: "remote: not authorized", "too large for the remote".
  void refuse(const std::string& why) {
    const std::lock_guard lock{mutex_};
    if (refused_.size() < reasons_max || refused_.contains(why))
      ++refused_[why];
    else
      ++refused_["other"];
  }
  std::map<std::string, std::uint64_t> refused() const {
    const std::lock_guard lock{mutex_};
    return refused_;
  }

 private:
  static constexpr std::size_t reasons_max = 64;
  mutable std::mutex mutex_;
  std::map<std::string, std::uint64_t> refused_;
};

}  // namespace mortise::bridge
