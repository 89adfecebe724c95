// Plugins whose answers the test gives later: one that intercepts, one that authorises.
//
// Thread: the test's; what runs on a strand is not read before it has stopped, but for what is atomic.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <utility>
#include <vector>

#include "host/rig.hpp"

namespace mortise::host {

inline std::string text_of(const mortise_str_t& text) { return {text.data, text.size}; }
inline std::string text_of(const mortise_bytes_t& bytes) {
  return {reinterpret_cast<const char*>(bytes.data), bytes.size};
}

inline mortise_attach_t wish(const std::vector<std::uint16_t>& kinds,
                             const std::vector<mortise_str_t>& filters = {}) {
  mortise_attach_t how{};
  how.size = sizeof how;
  how.kinds = kinds.data();
  how.kind_count = kinds.size();
  how.filters = filters.data();
  how.filter_count = filters.size();
  how.fallback = MORTISE_FALLBACK;
  return how;
}

inline mortise_verdict_t verdict_of() {
  mortise_verdict_t verdict{};
  verdict.size = sizeof verdict;
  return verdict;
}

// Intercepts publishing, and answers by tokens that the test answers, or at once with `at_once`.
struct Interceptor {
  explicit Interceptor(Strings& of) : strings{of} {
    strings.start = [this](auto, auto) {
      const std::vector<std::uint16_t> kinds{MORTISE_INTERCEPT_PUBLISH};
      const auto how = wish(kinds);
      EXPECT_EQ(MORTISE_OK, strings.attach(MORTISE_INTERCEPT, &how));
      return mortise_answer_t{MORTISE_ALLOW};
    };
    strings.intercept = [this](mortise_call_t* call, auto, const mortise_message_view_t* message) {
      seen.push_back(text_of(message->topic) + '=' + text_of(message->payload));
      if (at_once) return change(call, message);
      let_go();
      const auto* messages = strings.service<mortise_messages_t>(MORTISE_HOST_MESSAGES);
      kept = messages->ref(strings.host, message);
      EXPECT_EQ(MORTISE_OK, strings.host->defer(call, 0, &token));
      return mortise_answer_t{MORTISE_PENDING};
    };
    strings.cancelled = [this](mortise_token_t which, std::uint32_t why) {
      if (which.id == token.id) cancelled = why;
      let_go();
    };
    strings.stop = [this] { let_go(); };
  }
  ~Interceptor() {
    strings.cancelled = nullptr;
    strings.stop = nullptr;
  }

  mortise_status_t answer(mortise_answer_t said, std::uint8_t reason = 0) {
    let_go();
    auto verdict = verdict_of();
    verdict.reason_code = reason;
    return strings.host->answer(strings.host, token, said, &verdict);
  }
  // In place of the message, one with another topic and the instance's mark behind its payload.
  mortise_status_t change() {
    const auto* messages = strings.service<mortise_messages_t>(MORTISE_HOST_MESSAGES);
    mortise_message_t* made = make(messages->view(strings.host, kept));
    let_go();
    auto verdict = verdict_of();
    verdict.messages = &made;
    verdict.message_count = 1;
    return strings.host->answer(strings.host, token, MORTISE_CHANGE, &verdict);
  }

  Strings& strings;
  std::string topic = "changed";
  std::string mark = "+";
  bool at_once = false;
  mortise_token_t token{};
  std::vector<std::string> seen;
  std::atomic<std::uint32_t> cancelled{0};

 private:
  mortise_answer_t change(mortise_call_t* call, const mortise_message_view_t* message) {
    mortise_message_t* made = make(message);
    auto verdict = verdict_of();
    verdict.messages = &made;
    verdict.message_count = 1;
    return strings.host->reply(call, MORTISE_CHANGE, &verdict);
  }
  mortise_message_t* make(const mortise_message_view_t* from) {
    const std::string payload = text_of(from->payload) + mark;
    mortise_edit_t edit{};
    edit.size = sizeof edit;
    edit.set = MORTISE_SET_TOPIC | MORTISE_SET_PAYLOAD;
    edit.topic = {topic.data(), topic.size()};
    edit.payload = {reinterpret_cast<const std::uint8_t*>(payload.data()), payload.size()};
    mortise_message_t* made = nullptr;
    EXPECT_EQ(
        MORTISE_OK,
        strings.service<mortise_messages_t>(MORTISE_HOST_MESSAGES)->make(strings.host, from, &edit, &made));
    return made;
  }
  void let_go() {
    if (kept)
      strings.service<mortise_messages_t>(MORTISE_HOST_MESSAGES)
          ->unref(strings.host, std::exchange(kept, nullptr));
  }
  mortise_message_t* kept = nullptr;
};

// Authorises some actions by tokens that the test answers.
struct Authoriser {
  Authoriser(Strings& of, std::vector<std::uint16_t> actions) : strings{of}, kinds{std::move(actions)} {
    strings.start = [this](auto, auto) {
      const auto how = wish(kinds);
      EXPECT_EQ(MORTISE_OK, strings.attach(MORTISE_AUTHORISE, &how));
      return mortise_answer_t{MORTISE_ALLOW};
    };
    strings.authorise = [this](mortise_call_t* call, const mortise_access_t* access) {
      seen.push_back(std::to_string(access->action) + ' ' + text_of(access->client->client_id) + ' ' +
                     text_of(access->topic));
      EXPECT_EQ(MORTISE_OK, strings.host->defer(call, 0, &token));
      return mortise_answer_t{MORTISE_PENDING};
    };
    strings.cancelled = [this](mortise_token_t which, std::uint32_t why) {
      if (which.id == token.id) cancelled = why;
    };
  }
  ~Authoriser() { strings.cancelled = nullptr; }
  mortise_status_t answer(mortise_answer_t said, std::uint8_t reason = 0) const {
    auto verdict = verdict_of();
    verdict.reason_code = reason;
    return strings.host->answer(strings.host, token, said, &verdict);
  }

  Strings& strings;
  std::vector<std::uint16_t> kinds;
  mortise_token_t token{};
  std::vector<std::string> seen;
  std::uint32_t cancelled = 0;
};

inline std::vector<int> pubacks(Rig& rig, Rig::Client& client) {
  return rig.reasons(client, mqtt::PacketType::puback);
}
inline std::vector<int> connacks(Rig& rig, Rig::Client& client) {
  return rig.reasons(client, mqtt::PacketType::connack);
}

inline mqtt::Connect with_will(const std::string& client_id) {
  mqtt::Connect packet;
  packet.version = mqtt::Version::v5_0;
  packet.client_id = client_id;
  packet.will.emplace();
  packet.will->topic = "wills/x";
  static constexpr std::uint8_t gone[] = {'g', 'o', 'n', 'e'};
  packet.will->payload = gone;
  return packet;
}

}  // namespace mortise::host
