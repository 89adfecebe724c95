// The bridge-mqtt plugin: its links, the thread they run on, and what is said of them.
//
// Thread: control thread for its life; links on a thread of their own, with the broker's word by the strand.
// Owns:   the links, the thread.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <mortise/plugin.hpp>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "link.hpp"
#include "settings.hpp"
#include "states.hpp"

namespace mortise::bridge {

class Bridge {
 public:
  static constexpr const char* display_name = "MQTT bridge";
  static constexpr const char* summary =
      "links to other MQTT brokers that lose nothing while the line is down";

  Bridge(host of, const config& from) : host_{of}, settings_{read(from)} {}
  ~Bridge() { stop(); }

  void start();
  answer drain(call now);
  void stop();

  // Links come, go and are replaced as their settings say; of those that stay, files of passwords and
  // certificates are looked at again.
  Settings prepare(const config& from) { return read(from); }
  void commit(Settings settings);

 private:
  Settings read(const config& from) const;
  std::shared_ptr<Link> make_link(const LinkSettings& settings);
  void take(const Settings& settings);
  void publish_states();
  void publish_state(const Link& link);
  void keep_states();

  host host_;
  const Settings settings_;
  boost::asio::io_context io_{1};
  std::optional<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> work_;
  std::optional<boost::asio::steady_timer> states_timer_;
  std::shared_ptr<States> states_;
  std::string node_;
  std::vector<std::shared_ptr<Link>> links_;
  std::thread thread_;
};

}  // namespace mortise::bridge
