// What the kernel says about the broker's process.
//
// Thread: any.   Cost: a file read from /proc each; proportional_bytes walks the page tables.
// Fails:  std::runtime_error when there is no such process.
// Source: proc(5): /proc/PID/stat, /proc/PID/status, /proc/PID/smaps_rollup.
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace mortise::bench {

class Process {
 public:
  explicit Process(pid_t pid) : pid_{pid} {}

  pid_t pid() const { return pid_; }
  // User and system time of all its threads so far, in steps of 10 ms.
  double cpu_seconds() const;
  // PSS: pages shared with others count by their share.
  std::int64_t proportional_bytes() const;
  // RSS now.
  std::int64_t resident_bytes() const;

 private:
  pid_t pid_;
};

}  // namespace mortise::bench
