// A log file, and its rotation: when it is full or old it becomes an archive, and another is begun.
//
// Thread: the strand; opened on the control thread.   Owns: the descriptor.
// Cost:   with rotation two stat calls a batch more.
// Fails:  to open by std::system_error. A rotation that fails loses nothing: lines go on into the file there
//         is, and it is tried again; the first failure of a row can be asked for.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "sink.hpp"

namespace mortise::log {

// All files together take no more than size_bytes × (keep + 1), but for lines longer than size_bytes, of
// which each has a file of its own.
struct Rotation {
  std::uint64_t size_bytes = 10 * 1024 * 1024;
  std::chrono::nanoseconds age{0};  // since the first line; 0: however old
  std::uint32_t keep = 5;
};

class FileSink final : public DescriptorSink {
 public:
  // Opens `path` to append, made with mode 0640 if it is not there. With `rotation` it has to be a regular
  // file: std::errc::invalid_argument.
  static std::unique_ptr<FileSink> open(const std::string& path, std::optional<Rotation> rotation,
                                        std::unique_ptr<spdlog::formatter> formatter);

  // Why it could not be rotated, or an archive not be deleted; empty if it could, or if that was told before.
  std::string take_rotation_fault();

 private:
  FileSink(int descriptor, std::string path, std::optional<Rotation> rotation,
           std::unique_ptr<spdlog::formatter> formatter);

  std::size_t piece_of(std::string_view rest) override;
  void follow_path();
  bool is_old();
  bool rotate();
  bool prune();
  void fail(const std::string& why);

  std::string path_;  // links followed, so that archives lie beside the file itself
  std::optional<Rotation> rotation_;
  std::uint64_t size_ = 0;      // bytes in the file
  std::uint64_t began_ns_ = 0;  // wall time of its first line, as far as that is known
  std::uint64_t retry_ns_ = 0;  // wall time before which no rotation is tried again
  bool is_pruned_ = false;      // since it was opened: a forerunner may have died before it could
  bool is_failing_ = false;
  std::string fault_;
};

}  // namespace mortise::log
