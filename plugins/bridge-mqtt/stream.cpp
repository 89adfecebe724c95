#include "stream.hpp"

#include <array>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <optional>

namespace mortise::bridge {

namespace asio = boost::asio;
using Code = boost::system::error_code;

// Lives until its last handler has run.
class Stream::Socket : public std::enable_shared_from_this<Socket> {
 private:
  // A handler that keeps this alive and does nothing once it is closed.
  template <class Then>
  auto guard(Then then) {
    return [self = this->shared_from_this(), then](auto&&... results) {
      if (!self->closed_) then(results...);
    };
  }

 public:
  Socket(asio::io_context& io, std::shared_ptr<asio::ssl::context> tls, Handlers handlers)
      : resolver_{io}, tcp_{io}, context_{std::move(tls)}, handlers_{std::move(handlers)} {
    if (context_) tls_.emplace(tcp_, *context_);
  }

  void open(const Address& address, const std::string& server_name) {
    name_ = server_name.empty() ? address.host : server_name;
    where_ = address.text();
    resolver_.async_resolve(address.host, address.port, guard([this](Code code, const auto& found) {
                              if (code) return lose("its name is not known: " + code.message());
                              asio::async_connect(tcp_, found, guard([this](Code failed, const auto&) {
                                                    if (failed)
                                                      return lose("no connection: " + failed.message());
                                                    on_tcp();
                                                  }));
                            }));
  }

  void read() {
    reading_ = true;
    const auto handler = guard([this](Code code, std::size_t size) {
      reading_ = false;
      if (code) return lose(code == asio::error::eof ? "the remote closed the connection" : code.message());
      handlers_.on_bytes({buffer_.data(), size});
    });
    if (tls_)
      tls_->async_read_some(asio::buffer(buffer_), handler);
    else
      tcp_.async_read_some(asio::buffer(buffer_), handler);
  }
  bool is_reading() const { return reading_; }

  void write(std::vector<std::uint8_t>& bytes) {
    waiting_.insert(waiting_.end(), bytes.begin(), bytes.end());
    bytes.clear();
    if (writing_.empty() && !waiting_.empty()) write_some();
  }
  std::size_t unwritten() const { return writing_.size() + waiting_.size(); }

  void close() {
    if (std::exchange(closed_, true)) return;
    resolver_.cancel();
    Code ignored;
    tcp_.shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
    tcp_.close(ignored);
  }

 private:
  void on_tcp() {
    Code ignored;
    tcp_.set_option(asio::ip::tcp::no_delay{true}, ignored);
    if (!tls_) return handlers_.on_open();
    // Names go into SNI, addresses do not.  (RFC 6066 §3)
    asio::ip::make_address(name_, ignored);
    if (ignored) SSL_set_tlsext_host_name(tls_->native_handle(), name_.c_str());
    tls_->set_verify_callback(asio::ssl::host_name_verification{name_});
    tls_->async_handshake(asio::ssl::stream_base::client, guard([this](Code code) {
                            if (code) return lose("TLS: " + why_not(code));
                            handlers_.on_open();
                          }));
  }

  std::string why_not(Code code) {
    const long verdict = SSL_get_verify_result(tls_->native_handle());
    if (verdict != X509_V_OK)
      return "the remote's certificate is not accepted for " + name_ + ": " +
             X509_verify_cert_error_string(verdict);
    return code.message();
  }

  void write_some() {
    writing_.swap(waiting_);
    const auto handler = guard([this](Code code, std::size_t) {
      if (code) return lose(code.message());
      writing_.clear();
      if (!waiting_.empty()) return write_some();
      handlers_.on_written();
    });
    if (tls_)
      asio::async_write(*tls_, asio::buffer(writing_), handler);
    else
      asio::async_write(tcp_, asio::buffer(writing_), handler);
  }

  void lose(const std::string& why) {
    close();
    handlers_.on_lost(where_ + ": " + why);
  }

  asio::ip::tcp::resolver resolver_;
  asio::ip::tcp::socket tcp_;
  std::shared_ptr<asio::ssl::context> context_;
  std::optional<asio::ssl::stream<asio::ip::tcp::socket&>> tls_;
  Handlers handlers_;
  std::string name_, where_;
  std::array<std::uint8_t, 16384> buffer_{};
  std::vector<std::uint8_t> writing_, waiting_;
  bool reading_ = false;
  bool closed_ = false;
};

Stream::Stream(asio::io_context& io, std::shared_ptr<asio::ssl::context> tls, Handlers handlers)
    : socket_{std::make_shared<Socket>(io, std::move(tls), std::move(handlers))} {}
Stream::~Stream() { close(); }

void Stream::open(const Address& address, const std::string& server_name) {
  socket_->open(address, server_name);
}
void Stream::read() { socket_->read(); }
bool Stream::is_reading() const { return socket_->is_reading(); }
void Stream::write(std::vector<std::uint8_t>& bytes) { socket_->write(bytes); }
std::size_t Stream::unwritten() const { return socket_->unwritten(); }
void Stream::close() { socket_->close(); }

}  // namespace mortise::bridge
