// What a plugin said, now or later: the answer's number and a copy of its verdict, not judged yet.
//
// Thread: whoever owns it.   Owns: copies of the texts, the replacing message.
// Cost:   no allocation unless the verdict has long texts.
#pragma once

#include <cstdint>
#include <string>

#include "broker/ports.hpp"
#include "host/message_handle.hpp"
#include "mortise/abi/answer.h"

namespace mortise::host {

// What a decision is about; one chain of plugins each.
enum class Point : std::uint8_t {
  authenticate,
  exchange,
  intercept,
  publish,
  subscribe,
  receive,
  will,
  retain,
  psk,
  intercept_connect,
  intercept_will,
  accept,
  count
};

inline constexpr bool is_login(Point point) noexcept {
  return point == Point::authenticate || point == Point::exchange;
}
inline constexpr bool can_wait(Point point) noexcept {
  return point != Point::receive && point != Point::psk && point != Point::intercept_will &&
         point != Point::accept;
}
std::string_view name_of(Point point) noexcept;

struct Said {
  mortise_answer_t answer = MORTISE_FALLBACK;
  std::uint8_t reason_code = 0;
  bool verdict_too_short = false;
  std::uint32_t loss = 0;
  std::uint32_t message_count = 0;
  std::uint64_t client_data = 0;
  std::string reason_string;
  std::string rule;
  std::string username;
  std::string authentication_data;
  std::string server_reference;
  std::string data;    // of a verb
  std::string remedy;  // of a verb
  MessageHandle message;
};

// Copies; takes over the references in the verdict, which may be null.
Said copy_said(mortise_answer_t answer, const mortise_verdict_t* verdict);

// The kernel's answer, or why it is a fault of the plugin. PENDING and FALLBACK are the caller's business.
// A replacing message is handed over as it is, and may have to be made again.
struct Judged {
  broker::Answer answer;
  const char* fault = nullptr;
};
Judged judge(Point point, Said& said, const std::string& instance);

}  // namespace mortise::host
