// Answers of hooks, at once or through a token.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "mortise/cpp/message.hpp"

namespace mortise {

struct answer {
  mortise_answer_t value;
};
inline constexpr answer pass{MORTISE_PASS};
inline constexpr answer allow{MORTISE_ALLOW};
inline constexpr answer deny{MORTISE_DENY};
inline constexpr answer drop{MORTISE_DROP};
inline constexpr answer pending{MORTISE_PENDING};
inline constexpr answer fallback{MORTISE_FALLBACK};

// What an answer may say besides; see mortise_verdict_t. What stays empty says nothing.
struct details {
  std::uint8_t reason_code = 0;
  std::string_view reason_string{};
  std::string_view rule{};
  std::uint32_t loss = 0;
  std::uint64_t client_data = 0;
  std::string_view username{};
  std::string_view authentication_data{};
  std::string_view server_reference{};
  std::string_view data{};    // JSON for the operator, with ALLOW
  std::string_view remedy{};  // for the operator, with DENY
};

namespace detail {

// Gives `send` a verdict made of `said`; a replacement's reference passes to the host.
template <class Send>
auto with_verdict(const details& said, message* replacement, Send send) {
  const mortise_identity_t identity{sizeof identity, 0, str(said.username)};
  mortise_message_t* raw = replacement ? replacement->release() : nullptr;
  mortise_verdict_t verdict{};
  verdict.size = sizeof verdict;
  verdict.reason_code = said.reason_code;
  verdict.loss = said.loss;
  verdict.client_data = said.client_data;
  verdict.reason_string = str(said.reason_string);
  verdict.rule = str(said.rule);
  if (said.username.data()) verdict.identity = &identity;
  verdict.authentication_data = bytes(said.authentication_data);
  verdict.server_reference = str(said.server_reference);
  verdict.data = bytes(said.data);
  verdict.remedy = str(said.remedy);
  if (raw) {
    verdict.messages = &raw;
    verdict.message_count = 1;
  }
  return send(&verdict);
}

}  // namespace detail

// The right to answer one deferred call, once. Let go unanswered, it answers with the operator's fallback.
// Thread: one at a time, any of them.
class token {
 public:
  token(const detail::services& of, mortise_token_t raw) noexcept : services_{&of}, raw_{raw} {}
  token(token&& other) noexcept : services_{other.services_}, raw_{std::exchange(other.raw_, {0})} {}
  token& operator=(token&& other) noexcept {
    std::swap(services_, other.services_);
    std::swap(raw_, other.raw_);
    return *this;
  }
  ~token() {
    if (raw_.id) send(fallback, nullptr);
  }

  // For comparing with what cancelled() is told.
  mortise_token_t id() const noexcept { return raw_; }

  // False: too late, the fallback was applied or the client is gone.
  bool reply(answer said) noexcept { return send(said, nullptr); }
  bool reply(answer said, const details& more) noexcept {
    return detail::with_verdict(more, nullptr, [&](auto* verdict) { return send(said, verdict); });
  }
  bool change(message replacement) noexcept {
    return detail::with_verdict({}, &replacement,
                                [&](auto* verdict) { return send(answer{MORTISE_CHANGE}, verdict); });
  }
  // Answers an operator: with JSON, or with why it could not be done and what to do about it.
  bool result(std::string_view json) noexcept { return reply(allow, {.data = json}); }
  bool refuse(std::string_view why, std::string_view remedy = {}) noexcept {
    return reply(deny, {.reason_string = why, .remedy = remedy});
  }
  // Gives the right up without a word: cancelled() named this token.
  void forget() noexcept { raw_ = {0}; }

 private:
  bool send(answer said, const mortise_verdict_t* verdict) noexcept {
    const mortise_token_t mine = std::exchange(raw_, {0});
    return services_->host->answer(services_->host, mine, said.value, verdict) == MORTISE_OK;
  }

  const detail::services* services_;
  mortise_token_t raw_;
};

// The call in hand. Dies when the hook returns; do not keep it.
class call {
 public:
  call(const detail::services& of, mortise_call_t* raw) noexcept : services_{&of}, raw_{raw} {}

  std::uint32_t loop() const noexcept { return raw_->loop; }
  std::uint64_t now_ns() const noexcept { return raw_->now_ns; }

  answer reply(answer said, const details& more) const noexcept {
    return detail::with_verdict(more, nullptr, [&](auto* verdict) {
      return answer{services_->host->reply(raw_, said.value, verdict)};
    });
  }
  answer deny(std::uint8_t reason_code, std::string_view reason_string = {},
              std::string_view rule = {}) const noexcept {
    return reply(mortise::deny, {.reason_code = reason_code, .reason_string = reason_string, .rule = rule});
  }
  answer disconnect(std::uint8_t reason_code, std::string_view reason_string = {}) const noexcept {
    return reply(answer{MORTISE_DISCONNECT}, {.reason_code = reason_code, .reason_string = reason_string});
  }
  // A step of an enhanced authentication: the client has to answer `data`.
  answer challenge(std::string_view data) const noexcept {
    return reply(answer{MORTISE_CONTINUE}, {.authentication_data = data});
  }
  answer drop(std::uint32_t loss, std::string_view rule = {}) const noexcept {
    return reply(mortise::drop, {.rule = rule, .loss = loss});
  }
  answer change(message replacement) const noexcept {
    return detail::with_verdict({}, &replacement, [&](auto* verdict) {
      return answer{services_->host->reply(raw_, MORTISE_CHANGE, verdict)};
    });
  }

  // Answers an operator: with JSON, or with why it could not be done and what to do about it.
  answer result(std::string_view json) const noexcept { return reply(allow, {.data = json}); }
  answer refuse(std::string_view why, std::string_view remedy = {}) const noexcept {
    return reply(mortise::deny, {.reason_string = why, .remedy = remedy});
  }

  // A token, to be answered later: then return mortise::pending. Empty: this call cannot wait, too many do,
  // or nobody waits for it any more; answer now. Copy or keep what you need of the inputs first. 0 ms = the
  // operator's deadline.
  std::optional<token> defer(std::uint32_t deadline_ms = 0) const noexcept {
    mortise_token_t raw{};
    if (services_->host->defer(raw_, deadline_ms, &raw) != MORTISE_OK) return std::nullopt;
    return token{*services_, raw};
  }

 private:
  const detail::services* services_;
  mortise_call_t* raw_;
};

}  // namespace mortise
