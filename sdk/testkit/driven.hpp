// A plugin class driven through its C functions, as a host would. For GoogleTest.
//
// Thread: the test's.   Owns: the instance; a message that was not given back fails the test.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <mortise/plugin.hpp>
#include <string_view>
#include <utility>

#include "testkit/fake_host.hpp"

namespace mortise::test {

template <class Plugin>
class Driven {
 public:
  using Tables = detail::tables<Plugin>;

  // `folder`: where the plugin's relative paths begin.
  explicit Driven(Json config = Json::object(), const std::string& folder = {}) : config_(std::move(config)) {
    host.set_folders(folder, folder);
    EXPECT_EQ(Tables::life.create(host.raw(), &self), MORTISE_OK);
    configured = Tables::life.configure(self, node(config_), host.report());
  }
  ~Driven() {
    if (started_) stop();
    Tables::life.destroy(self);
    EXPECT_EQ(host.live_messages, 0) << "a message was not given back before the end";
  }

  mortise_answer_t start() {
    EXPECT_EQ(configured, MORTISE_OK) << (host.findings.empty() ? "" : host.findings.front());
    if (configured != MORTISE_OK) return MORTISE_DENY;
    auto call = host.call();
    started_ = true;
    return Tables::life.start(self, &call, host.report());
  }
  void stop() {
    host.run_strand();
    host.work_status = MORTISE_E_STATE;  // work is closed when drain has ended
    Tables::life.stop(self);
    started_ = false;
  }
  Plugin& plugin() { return *detail::instance<Plugin>::from(self).plugin; }

  mortise_answer_t connect(std::string_view username, std::string_view client_id = {}) {
    mortise_connect_t who{};
    who.size = sizeof who;
    who.username = lend(username);
    who.client_id = lend(client_id);
    auto call = host.call();
    return Tables::authenticate_table.connect(self, &call, &who);
  }
  mortise_answer_t publish(std::string_view topic) {
    mortise_client_view_t client{};
    mortise_message_view_t message{};
    message.topic = lend(topic);
    message.payload = lend_bytes("payload");
    auto call = host.call();
    return Tables::intercept_table.publish(self, &call, &client, &message);
  }
  mortise_answer_t intercept_connect(std::string_view client_id, std::string_view username = {}) {
    mortise_connect_t who{};
    who.size = sizeof who;
    who.username = lend(username);
    who.client_id = lend(client_id);
    auto call = host.call();
    return Tables::intercept_table.connect(self, &call, &who);
  }
  mortise_answer_t will(std::string_view topic) {
    mortise_client_view_t client{};
    mortise_message_view_t message{};
    message.topic = lend(topic);
    message.payload = lend_bytes("payload");
    auto call = host.call();
    return Tables::intercept_table.will(self, &call, &client, &message);
  }
  // `address` is numeric.
  mortise_answer_t accept(std::string_view address, std::string_view listener = "local") {
    mortise_peer_t peer{};
    peer.size = sizeof peer;
    peer.listener = lend(listener);
    peer.address = lend(address);
    auto call = host.call();
    return Tables::accept_table.accept(self, &call, &peer);
  }
  // The key is in `key` when the answer is ALLOW. `loop`: whose thread asks, as far as the plugin can tell.
  mortise_answer_t find_psk(std::string_view identity, mortise_psk_key_t& key, std::uint32_t loop = 0) {
    mortise_psk_query_t asked{};
    asked.size = sizeof asked;
    asked.identity = lend(identity);
    asked.listener = lend("secure");
    key = {};
    auto call = host.call();
    call.loop = loop;
    return Tables::psk_table.find(self, &call, &asked, &key);
  }
  // Runs a verb with arguments as they are: the kit fills in no defaults. What it answers is in host.replies,
  // or in host.late under its token.
  mortise_answer_t run(std::string_view verb, const Json& arguments = Json::object(),
                       std::string_view caller = "uid 0") {
    mortise_request_t asked{};
    asked.size = sizeof asked;
    asked.arguments = node(arguments);
    asked.caller = lend(caller);
    const auto is_asked = [&](const mortise_command_t& one) { return one.verb == verb; };
    asked.command = static_cast<std::uint32_t>(std::ranges::find_if(Tables::commands, is_asked) -
                                               Tables::commands.begin());
    EXPECT_LT(asked.command, Tables::commands.size()) << "there is no verb " << verb;
    auto call = host.call();
    call.loop = MORTISE_NO_LOOP;
    return Tables::control_table.run(self, &call, &asked);
  }

  FakeHost host;
  void* self = nullptr;
  mortise_status_t configured = MORTISE_E_INTERNAL;

 private:
  Json config_;
  bool started_ = false;
};

}  // namespace mortise::test
