// A log daemon's Unix socket: one datagram a line. Connects by itself, and again when the daemon was
// restarted.
//
// Thread: the strand.   Owns: the socket.
// Cost:   a system call a line.
// Fails:  never; lines that nobody takes are lost and counted. A daemon that is stuck holds up a flush for
//         1 s at most: what comes behind the first line it did not take is lost with it.
#pragma once

#include <spdlog/details/null_mutex.h>
#include <spdlog/sinks/base_sink.h>

#include <string>
#include <string_view>

#include "sink.hpp"

namespace mortise::log {

// Longest path of a Unix socket, bytes.
inline constexpr std::size_t socket_path_max = 107;

class SocketSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex>, public Counted {
 public:
  // What becomes of a line that is too long for a datagram.
  enum class TooLong : std::uint8_t {
    cut,            // to 8 KiB, which every syslog daemon takes
    in_memory_file  // whose descriptor is sent in its place: the journal's way
  };
  // `path` is absolute and no longer than socket_path_max. Lines are sent as they are, without a formatter.
  SocketSink(std::string path, TooLong too_long) : path_{std::move(path)}, too_long_{too_long} {}
  ~SocketSink() override;

  Lost take_lost() override;

 private:
  void sink_it_(const spdlog::details::log_msg& line) override;
  void flush_() override { is_stuck_ = false; }
  // 0, or the error.
  int send(std::string_view datagram);
  int send_once(std::string_view datagram);
  int send_file(std::string_view datagram) const;
  int connect();
  void close();

  std::string path_;
  TooLong too_long_;
  int socket_ = -1;
  bool is_stuck_ = false;  // since a line of this batch
  Lost lost_;
};

}  // namespace mortise::log
