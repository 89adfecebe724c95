#include "connection.hpp"

#include <boost/beast/version.hpp>
#include <utility>

#include "exposition.hpp"

namespace mortise::prometheus {

namespace {

namespace http = boost::beast::http;

constexpr std::uint32_t header_max = 8 * 1024;
constexpr std::chrono::minutes idle_max{2};         // between two requests of one connection
constexpr std::chrono::seconds goodbye{1};          // for the other side to take our last words
constexpr std::size_t swallowed_max = 1024 * 1024;  // of what it still says meanwhile

std::string_view path_of(std::string_view target) { return target.substr(0, target.find('?')); }

http::status refusal_of(const boost::system::error_code& code) {
  return code == http::error::header_limit || code == http::error::buffer_overflow
             ? http::status::request_header_fields_too_large
             : http::status::bad_request;
}

// Whether it was the text that failed, and not the connection.
bool is_of_http(const boost::system::error_code& code) {
  return code.category() == http::make_error_code(http::error::bad_method).category() &&
         code != http::error::end_of_stream && code != http::error::partial_message;
}

}  // namespace

Connection::Connection(boost::asio::ip::tcp::socket socket, const Service& service,
                       std::function<void(Connection&)> over)
    : socket_{std::move(socket)},
      service_{service},
      over_{std::move(over)},
      deadline_{socket_.get_executor()} {}

void Connection::start() { read(); }

void Connection::close() {
  deadline_.cancel();
  boost::system::error_code ignored;
  socket_.close(ignored);
  if (over_) std::exchange(over_, nullptr)(*this);
}

void Connection::expire_after(std::chrono::nanoseconds span) {
  deadline_.expires_after(span);
  deadline_.async_wait([self = shared_from_this()](boost::system::error_code code) {
    if (code || self->deadline_.expiry() > std::chrono::steady_clock::now()) return;
    if (!self->is_reading_) return self->close();
    self->timed_out_ = true;
    boost::system::error_code ignored;
    self->socket_.cancel(ignored);
  });
}

void Connection::read() {
  request_.emplace();
  request_->header_limit(header_max);
  is_reading_ = true;
  // A request may begin late on a connection that is kept open, and then has to be quick all the same.
  expire_after(std::exchange(is_first_, false) || buffer_.size() != 0 ? service_.timeout
                                                                      : std::chrono::nanoseconds{idle_max});
  http::async_read(
      socket_, buffer_, *request_,
      [self = shared_from_this()](boost::system::error_code code, std::size_t) { self->on_read(code); });
}

void Connection::on_read(boost::system::error_code code) {
  is_reading_ = false;
  if (!socket_.is_open()) return;
  if (timed_out_) {
    if (!request_->got_some() && buffer_.size() == 0) return close();
    return send(http::status::request_timeout,
                "the request did not end in time; send it at once: GET /metrics HTTP/1.1\n", false);
  }
  if (!code) return answer();
  if (is_of_http(code))
    return send(refusal_of(code), "this is no request for metrics; ask with GET /metrics HTTP/1.1\n", false);
  close();
}

void Connection::answer() {
  const auto& request = request_->get();
  const std::string_view target{request.target().data(), request.target().size()};
  if (path_of(target) != "/metrics")
    return send(http::status::not_found, "the metrics are at /metrics\n", request.keep_alive());
  if (request.method() != http::verb::get && request.method() != http::verb::head)
    return send(http::status::method_not_allowed, "ask with GET or HEAD\n", request.keep_alive());
  try {
    send(http::status::ok, service_.render(), request.keep_alive());
  } catch (const std::exception& fault) {
    send(http::status::internal_server_error,
         std::string{"the metrics cannot be read: "} + fault.what() + "; the broker's log may say more\n",
         false);
  }
}

void Connection::send(http::status status, std::string body, bool keep) {
  service_.answered(static_cast<unsigned>(status));
  const bool is_head = request_->is_header_done() && request_->get().method() == http::verb::head;
  response_ = {};
  response_.result(status);
  response_.version(11);
  response_.keep_alive(keep);
  const bool is_text = status == http::status::ok;
  response_.set(http::field::content_type, is_text
                                               ? boost::string_view{content_type.data(), content_type.size()}
                                               : boost::string_view{"text/plain; charset=utf-8"});
  if (status == http::status::method_not_allowed) response_.set(http::field::allow, "GET, HEAD");
  response_.body() = std::move(body);
  response_.prepare_payload();
  serializer_.emplace(response_);
  expire_after(service_.timeout);
  const auto sent = [self = shared_from_this()](boost::system::error_code code, std::size_t) {
    self->on_sent(code);
  };
  if (is_head)
    http::async_write_header(socket_, *serializer_, sent);
  else
    http::async_write(socket_, *serializer_, sent);
}

void Connection::on_sent(boost::system::error_code code) {
  serializer_.reset();
  if (!socket_.is_open()) return;
  const bool keep = response_.keep_alive();
  response_ = {};  // its body may be large
  if (code) return close();
  if (keep) return read();
  boost::system::error_code ignored;
  socket_.shutdown(boost::asio::ip::tcp::socket::shutdown_send, ignored);
  expire_after(goodbye);
  hear_out();
}

// Closing with bytes unread would take the answer away from the other side.
void Connection::hear_out() {
  buffer_.clear();
  socket_.async_read_some(buffer_.prepare(buffer_.max_size()),
                          [self = shared_from_this()](boost::system::error_code code, std::size_t size) {
                            self->swallowed_ += size;
                            if (code || self->swallowed_ > swallowed_max) return self->close();
                            self->hear_out();
                          });
}

}  // namespace mortise::prometheus
