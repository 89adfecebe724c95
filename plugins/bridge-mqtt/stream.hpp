// One connection to an address, plain or through TLS: opened, read, written, closed.
//
// Thread: that of its io_context, for every call and every handler.
// Owns:   the socket and what is unwritten. Handlers are not called any more after close().
// Fails:  by on_lost with a sentence, once.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "settings.hpp"

namespace boost::asio {
class io_context;
namespace ssl {
class context;
}
}  // namespace boost::asio

namespace mortise::bridge {

class Stream {
 public:
  struct Handlers {
    std::function<void()> on_open;
    std::function<void(std::span<const std::uint8_t>)> on_bytes;
    std::function<void()> on_written;  // all that was given
    std::function<void(const std::string& why)> on_lost;
  };

  // `tls` null: plain.
  Stream(boost::asio::io_context& io, std::shared_ptr<boost::asio::ssl::context> tls, Handlers handlers);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  void open(const Address& address, const std::string& server_name);
  // One read: on_bytes follows, or on_lost. Not while one is under way.
  void read();
  bool is_reading() const;
  // Takes the bytes; leaves `bytes` empty.
  void write(std::vector<std::uint8_t>& bytes);
  std::size_t unwritten() const;
  void close();

 private:
  class Socket;
  std::shared_ptr<Socket> socket_;
};

}  // namespace mortise::bridge
