// The retained topic of each link, $SYS/broker/bridge/<instance>/<link>: says how the link is for as long as
// there is one. What an earlier run has left of links that are gone is found by subscribing to it, and
// cleared: when the broker stops nothing can be published any more, and after kill -9 nobody is there to do
// it.
//
// Thread: open() in start(); the rest on the thread of the io_context.
// Owns:   the client that looks for what was left.
// Fails:  never: what cannot be published is tried again by the next call. Without the grant nothing is shown.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mortise/plugin.hpp>
#include <set>
#include <string>

namespace mortise::bridge {

class States : public std::enable_shared_from_this<States> {
 public:
  States(boost::asio::io_context& io, mortise::host host) : io_{io}, host_{host} {}

  void open();
  // The links there are. States of others are cleared.
  void keep(std::set<std::string> links);
  // Publishes the state of a link if it is not what it was.
  void show(const std::string& link, const std::string& state);
  // Tries again what could not be cleared.
  void sweep();
  // The instance goes: clears all states, unless another of its name is there already, which shows them now.
  // `done` when the broker has taken that, or at once where nothing can be published; on any thread.
  void end(std::function<void()> done);

 private:
  void on_found(const std::string& link);
  bool publish(const std::string& link, const std::string& state,
               std::function<void(mortise_status_t, std::uint32_t)> done = {});

  boost::asio::io_context& io_;
  mortise::host host_;
  inline_client finder_;
  bool is_superseded_ = false;  // another instance of the same name has the finder's session
  bool has_ended_ = false;
  std::set<std::string> links_;
  std::map<std::string, std::string>
      published_;  // the latest state of each; of a link that is gone: to be cleared
};

}  // namespace mortise::bridge
