#include "server.hpp"

#include <pthread.h>

#include <boost/asio/post.hpp>
#include <csignal>
#include <sstream>

namespace mortise::prometheus {

namespace {

constexpr std::chrono::milliseconds between_tries{100};  // when the system has no descriptor left

}  // namespace

Server::Server(const Settings& settings, Service service, std::function<void()> turned_away)
    : settings_{settings}, service_{std::move(service)}, turned_away_{std::move(turned_away)} {}

void Server::open() {
  try {
    acceptor_.open(settings_.bind.protocol());
    acceptor_.set_option(boost::asio::socket_base::reuse_address{true});
    acceptor_.bind(settings_.bind);
    acceptor_.listen();
  } catch (const boost::system::system_error& fault) {
    std::ostringstream where;
    where << settings_.bind;
    throw finding{"/bind", "cannot listen on " + where.str() + ": " + fault.code().message(),
                  "choose a free address and port of this machine"};
  }
  accept();
  thread_ = std::thread{[this] {
    // Signals are the broker's.
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, nullptr);
    io_.run();
  }};
  pthread_setname_np(thread_.native_handle(), "metrics");
}

void Server::accept() {
  acceptor_.async_accept([this](boost::system::error_code code, boost::asio::ip::tcp::socket socket) {
    if (!acceptor_.is_open()) return;
    if (!code) {
      let_in(std::move(socket));
      return accept();
    }
    rest_.expires_after(between_tries);
    rest_.async_wait([this](boost::system::error_code cancelled) {
      if (!cancelled && acceptor_.is_open()) accept();
    });
  });
}

void Server::let_in(boost::asio::ip::tcp::socket socket) {
  if (connections_.size() >= settings_.connections) return turned_away_();
  const auto made = std::make_shared<Connection>(std::move(socket), service_, [this](Connection& ended) {
    connections_.erase(ended.shared_from_this());
  });
  connections_.insert(made);
  made->start();
}

void Server::renew(const Settings& settings) {
  boost::asio::post(io_, [this, settings] {
    settings_ = settings;
    service_.timeout = settings.timeout;
  });
}

void Server::stop() {
  if (!thread_.joinable()) return;
  boost::asio::post(io_, [this] {
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    rest_.cancel();
    for (const auto& connection : std::set{connections_}) connection->close();
  });
  thread_.join();
}

}  // namespace mortise::prometheus
