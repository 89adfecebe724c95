// The control socket: a Unix socket on which `mortise ctl` asks, a line of JSON each way.
//
//   {"verb": "clients", "words": ["…"], "options": {"user": "…"}}
//   {"ok": true, "result": …}    or    {"ok": false, "error": "what is wrong", "remedy": "what to do"}
//
// Only the broker's own user and root are answered, whatever the file's mode says.
//
// Thread: its own; answers are made there, one after the other.
// Owns:   the socket and its file, which is removed at the end.
// Fails:  open() says why; a peer that sends what is no request is told so and closed.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/result.hpp"

namespace mortise::app {

// In the state folder.
inline constexpr const char* control_socket_name = "control.sock";

class ControlServer {
 public:
  static constexpr std::size_t request_max = 64 * 1024;  // bytes
  static constexpr std::size_t peers_max = 16;           // at once; more wait to be accepted
  static constexpr int silence_s = 60;                   // after which a peer is closed

  // One request line in, one answer line out, both without the line's end.
  using Answer = std::function<std::string(const std::string& request)>;

  ControlServer() = default;
  ~ControlServer() { close(); }
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;

  // What went wrong, or empty. A socket file without a listener is replaced.
  std::string open(const std::filesystem::path& path, Answer answer);
  void close();

 private:
  struct Peer {
    int socket = -1;
    std::string unread;
    std::string unwritten;
    std::int64_t heard_s = 0;
    bool ends = false;  // when all is written
  };
  void serve();
  void accept();
  void read(Peer& peer);
  void answer_lines(Peer& peer);
  static void write(Peer& peer);
  static void close(Peer& peer);

  std::filesystem::path path_;
  Answer answer_;
  int listener_ = -1;
  int stop_ = -1;  // an eventfd
  std::int64_t accepts_from_s_ = 0;
  std::vector<Peer> peers_;
  std::thread thread_;
};

}  // namespace mortise::app
