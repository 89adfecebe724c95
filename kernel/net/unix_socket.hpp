// Sockets in the file system: opened in the place of one that nobody listens on, removed by who made them.
//
// Thread: any.   Fails: with a sentence that says what is in the way and what to do.
#pragma once

#include <sys/socket.h>
#include <sys/stat.h>

#include <optional>
#include <string>

#include "base/result.hpp"
#include "net/descriptor.hpp"

namespace mortise::net {

struct UnixEndpoint {
  std::string path;  // absolute
  mode_t mode = 0660;
  std::string owner{}, group{};  // names or numbers; empty: the process's own
};

// Removes the file at the end, if it is still the one we made: a successor's stays.
class SocketFile {
 public:
  SocketFile() = default;
  explicit SocketFile(std::string path);
  SocketFile(SocketFile&& other) noexcept;
  SocketFile& operator=(SocketFile&& other) noexcept;
  ~SocketFile();

 private:
  std::string path_;
  std::optional<struct stat> made_;
};

struct UnixListening {
  Descriptor socket;
  SocketFile file;
};
base::Result<UnixListening, std::string> listen_on_unix(const UnixEndpoint& endpoint);

// Where a listening socket is bound; empty: not in the file system.
std::string unix_path_of(int socket);
// A client that came in at `path`, for people: "unix:/run/mortise.sock (pid 4711, uid 1000)".
std::string unix_peer_text(int socket, const std::string& path);

}  // namespace mortise::net
