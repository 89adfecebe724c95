// What an instance does in drain(): when another configuration has no place for it, and when the broker
// stops.
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <vector>

#include "host/renewing.hpp"
#include "host/rig.hpp"

namespace mortise::host {
namespace {

// Publishes in drain(), and is drained when that is done.
struct LastWord {
  explicit LastWord(Strings& of) : strings{of} {
    strings.drain = [this](mortise_call_t* call) {
      EXPECT_EQ(MORTISE_OK, strings.host->defer(call, 0, &token));
      mortise_edit_t edit{};
      edit.size = sizeof edit;
      edit.set = MORTISE_SET_TOPIC | MORTISE_SET_PAYLOAD;
      edit.topic = {"alerts/end", 10};
      edit.payload = {reinterpret_cast<const std::uint8_t*>("gone"), 4};
      const auto* messages = strings.service<mortise_messages_t>(MORTISE_HOST_MESSAGES);
      mortise_message_t* message = nullptr;
      EXPECT_EQ(MORTISE_OK, messages->make(strings.host, nullptr, &edit, &message));
      const mortise_publish_t how{sizeof how, MORTISE_MEMORY, &LastWord::done, this};
      status =
          strings.service<mortise_publisher_t>(MORTISE_HOST_PUBLISH)->publish(strings.host, message, &how);
      messages->unref(strings.host, message);
      if (status != MORTISE_OK) return mortise_answer_t{MORTISE_ALLOW};
      return mortise_answer_t{MORTISE_PENDING};
    };
  }
  ~LastWord() { strings.drain = nullptr; }
  static void done(void* context, mortise_status_t ended, std::uint32_t) {
    auto& self = *static_cast<LastWord*>(context);
    self.ended = ended;
    self.strings.host->answer(self.strings.host, self.token, MORTISE_ALLOW, nullptr);
  }
  Strings& strings;
  mortise_token_t token{};
  std::atomic<mortise_status_t> status{MORTISE_E_INTERNAL}, ended{MORTISE_E_INTERNAL};
};

TEST(Drain, of_one_that_leaves_may_publish_and_that_arrives) {
  Rig rig{"  - {name: a, library: puppet}\n  - {name: b, library: puppet}"};
  LastWord word{rig.strings("a")};
  rig.run();
  auto& client = rig.connect("x");
  rig.subscribe(client, "alerts/#");
  Renewing renewing{rig, "  - {name: b, library: puppet}"};
  ASSERT_TRUE(renewing.take());
  EXPECT_EQ(MORTISE_OK, word.status);
  EXPECT_EQ(MORTISE_OK, word.ended);
  EXPECT_TRUE(
      rig.turn_until([&] { return rig.messages(client) == std::vector<std::string>{"alerts/end=gone"}; }));
  EXPECT_FALSE(rig.log.has("did not finish in time")) << rig.log.all();
}

TEST(Drain, of_one_that_stops_with_the_broker_has_nobody_to_publish_to) {
  Rig rig{"  - {name: a, library: puppet}"};
  LastWord word{rig.strings("a")};
  rig.run();
  rig.host->stop();
  EXPECT_EQ(MORTISE_E_STATE, word.status);
}

}  // namespace
}  // namespace mortise::host
