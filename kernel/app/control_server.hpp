// The control socket: a Unix socket on which `mortise ctl` asks, a line of JSON each way.
//
//   {"verb": "clients", "words": ["…"], "options": {"user": "…"}}
//   {"ok": true, "result": …}    or    {"ok": false, "error": "what is wrong", "remedy": "what to do"}
//
// Only the broker's own user and root are answered, whatever the file's mode says.
//
// Thread: its own; requests are read there, one after the other. An answer may come later, from any thread,
//         and others are asked meanwhile.
// Owns:   the socket and its file, which is removed at the end.
// Fails:  open() says why; a peer that sends what is no request is told so and closed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace mortise::app {

// In the state folder.
inline constexpr const char* control_socket_name = "control.sock";

class ControlServer {
 public:
  static constexpr std::size_t request_max = 64 * 1024;  // bytes
  static constexpr std::size_t peers_max = 16;           // at once; more wait to be accepted
  static constexpr int silence_s = 60;  // after which a peer is closed that waits for no answer

  // Takes the answer's line, without its end, once and from any thread; whoever has gone misses it.
  using Reply = std::function<void(std::string line)>;
  // Gets a request's line and who has sent it: "uid 0". An answer that never comes costs its peer's place
  // until that peer goes.
  using Answer =
      std::function<void(const std::string& request, const std::string& caller, const Reply& reply)>;

  ControlServer() = default;
  ~ControlServer() { close(); }
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;

  // What went wrong, or empty. A socket file without a listener is replaced.
  std::string open(const std::filesystem::path& path, Answer answer);
  void close();

 private:
  // Answers on their way to the server's thread. Outlives the server for whoever still owes one.
  struct Mailbox {
    std::mutex mutex;
    int bell = -1;                                             // an eventfd; -1: nobody reads any more
    std::vector<std::pair<std::uint64_t, std::string>> lines;  // by the peer's number

    void put(std::uint64_t peer, std::string line);
  };
  struct Peer {
    std::uint64_t number = 0;
    int socket = -1;
    std::string who;
    bool is_answered_later = false;
    std::string unread;
    std::string unwritten;
    std::int64_t heard_s = 0;
    bool ends = false;  // when all is written
  };
  void serve();
  void accept();
  void read(Peer& peer);
  void attend(Peer& peer, short what, std::int64_t now);
  void answer_lines(Peer& peer);
  void ask(Peer& peer, const std::string& request);
  void deliver();
  static void write(Peer& peer);
  static void close(Peer& peer);

  std::filesystem::path path_;
  Answer answer_;
  int listener_ = -1;
  int stop_ = -1;  // an eventfd
  std::int64_t accepts_from_s_ = 0;
  std::vector<Peer> peers_;
  std::uint64_t last_number_ = 0;
  std::shared_ptr<Mailbox> mailbox_;
  std::thread thread_;
};

}  // namespace mortise::app
