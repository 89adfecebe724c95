// One connection of a scraper: requests in, answers out, a deadline on each.
//
// GET and HEAD of /metrics are answered, other paths with 404, other methods with 405. What is no HTTP is
// told 400, what is too large 431, who begins a request and does not end it 408; each of these ends the
// connection.
//
// Thread: the server's.   Owns: its socket.
// Cost:   16 KiB, and the text of one answer.
// Fails:  never; a connection that fails ends.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_static_buffer.hpp>
#include <boost/beast/http.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace mortise::prometheus {

// What all connections have in common.
struct Service {
  std::function<std::string()> render;            // the metrics, now; may throw
  std::function<void(unsigned status)> answered;  // an answer is on its way
  std::chrono::nanoseconds timeout;
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  // `over` is called once, when it has ended. `service` outlives it.
  Connection(boost::asio::ip::tcp::socket socket, const Service& service,
             std::function<void(Connection&)> over);

  void start();
  // Ends it now.
  void close();

 private:
  using Request = boost::beast::http::request_parser<boost::beast::http::empty_body>;
  using Response = boost::beast::http::response<boost::beast::http::string_body>;

  void read();
  void on_read(boost::system::error_code code);
  void answer();
  void send(boost::beast::http::status status, std::string body, bool keep);
  void on_sent(boost::system::error_code code);
  void hear_out();
  void expire_after(std::chrono::nanoseconds span);

  boost::asio::ip::tcp::socket socket_;
  const Service& service_;
  std::function<void(Connection&)> over_;
  boost::asio::steady_timer deadline_;
  boost::beast::flat_static_buffer<16 * 1024> buffer_;
  std::optional<Request> request_;
  Response response_;
  std::optional<boost::beast::http::response_serializer<boost::beast::http::string_body>> serializer_;
  std::size_t swallowed_ = 0;
  bool is_first_ = true;
  bool is_reading_ = false;
  bool timed_out_ = false;
};

}  // namespace mortise::prometheus
