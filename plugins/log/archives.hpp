// The files a log file was before it was rotated: mortise.log.000041 beside mortise.log.
//
// Numbers only grow, whatever the clock says: the highest is the youngest, names sort, and making room takes
// a single rename. A broker that dies around it leaves one file too many, which the next prune() takes away.
//
// Thread: the strand.   Cost: one look through the folder a call.
// Fails:  by std::system_error. Files with any other name are never touched.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mortise::log {

class Archives {
 public:
  // `path` of the file that is written to: absolute.
  explicit Archives(std::string path) : path_{std::move(path)} {}

  // Where the file goes next; nothing is there.
  std::string next() const;

  // Deletes the oldest until there are no more than `keep`.
  void prune(std::size_t keep) const;

 private:
  // Of those that are there, in ascending order.
  std::vector<std::uint64_t> numbers() const;
  std::string path_of(std::uint64_t number) const;

  std::string path_;
};

}  // namespace mortise::log
