// A small HTTP server for metrics, on a thread of its own.
//
// Thread: made, opened and stopped by one thread; everything else happens on its own.
// Owns:   the thread, the listening socket, the connections.
// Fails:  open() throws a finding when the address cannot be bound; nothing else does.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <set>
#include <thread>

#include "connection.hpp"
#include "settings.hpp"

namespace mortise::prometheus {

class Server {
 public:
  // `service`: render() and answered() are called on the server's thread; `turned_away` for a connection too
  // many.
  Server(const Settings& settings, Service service, std::function<void()> turned_away);
  ~Server() { stop(); }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  void open();
  // The port it listens on: the system chooses one for 0.
  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  // How long it waits and how many it lets in from now on; the address stays.
  void renew(const Settings& settings);
  // Ends every connection and the thread; a second call does nothing.
  void stop();

 private:
  void accept();
  void let_in(boost::asio::ip::tcp::socket socket);

  Settings settings_;  // the server thread's, as the next
  Service service_;
  const std::function<void()> turned_away_;
  boost::asio::io_context io_{1};
  boost::asio::ip::tcp::acceptor acceptor_{io_};
  boost::asio::steady_timer rest_{io_};
  std::set<std::shared_ptr<Connection>> connections_;
  std::thread thread_;
};

}  // namespace mortise::prometheus
