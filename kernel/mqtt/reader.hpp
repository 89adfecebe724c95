// Fields off the front of a packet's body, the first fault kept.
//
// After a fault every read yields nothing and the fault stays, so that a decoder reads straight on and asks
// once.
//
// Owns: nothing; what it returns views the bytes it was given.   Cost: no allocation.
#pragma once

#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/result.hpp"
#include "mqtt/fault_text.hpp"
#include "mqtt/packet.hpp"
#include "mqtt/utf8.hpp"
#include "mqtt/varint.hpp"

namespace mortise::mqtt {

inline std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

class Reader {
 public:
  explicit Reader(Bytes bytes) : rest_{bytes} {}

  bool empty() const { return rest_.empty(); }
  Bytes rest() const { return rest_; }
  bool failed() const { return failed_; }
  const Malformed& fault() const { return fault_; }

  void fail(Malformed fault) {
    if (!failed_) fault_ = fault;
    failed_ = true;
    rest_ = {};
  }

  void require(bool condition, ReasonCode reason, const char* what) {
    if (!condition) [[unlikely]]
      fail({reason, what});
  }

  std::uint8_t byte(const FieldTexts& texts) {
    const Bytes bytes = take(1, texts);
    return bytes.empty() ? std::uint8_t{0} : bytes[0];
  }

  // Whether the next byte is 0; takes it then.
  bool take_zero() {
    if (rest_.empty() || rest_[0] != 0) return false;
    rest_ = rest_.subspan(1);
    return true;
  }

  std::uint16_t two_bytes(const FieldTexts& texts) {
    const Bytes bytes = take(2, texts);
    return bytes.empty() ? std::uint16_t{0} : static_cast<std::uint16_t>(bytes[0] << 8 | bytes[1]);
  }

  std::uint32_t four_bytes(const FieldTexts& texts) {
    const std::uint32_t high = two_bytes(texts);
    return high << 16 | two_bytes(texts);
  }

  std::uint32_t variable(const FieldTexts& texts) {
    const VariableByteInteger number = read_variable(rest_);
    if (number.size == 0)
      fail({ReasonCode::malformed_packet, number.ill_formed ? texts.not_variable : texts.cut_short});
    else
      rest_ = rest_.subspan(number.size);
    return number.value;
  }

  Bytes binary(const FieldTexts& texts) { return take(two_bytes(texts), texts); }

  std::string_view string(const FieldTexts& texts) {
    const std::string_view text = as_text(binary(texts));
    require(is_utf8(text), ReasonCode::malformed_packet, texts.not_utf8);  // [MQTT-1.5.4-1] [MQTT-1.5.4-2]
    return text;
  }

  Bytes take(std::size_t size, const FieldTexts& texts) {
    if (size > rest_.size()) [[unlikely]] {
      fail({ReasonCode::malformed_packet, texts.cut_short});
      return {};
    }
    const Bytes front = rest_.first(size);
    rest_ = rest_.subspan(size);
    return front;
  }

  Bytes take_rest() { return std::exchange(rest_, Bytes{}); }

  // The packet if all went well and nothing is left over.
  template <class P>
  base::Result<std::remove_cvref_t<P>, Malformed> finish(P&& packet) {
    require(rest_.empty(), ReasonCode::malformed_packet, "there are bytes behind the packet's last field");
    if (failed_) [[unlikely]]
      return base::Failure{fault_};
    return std::forward<P>(packet);
  }

 private:
  Bytes rest_;
  bool failed_ = false;
  Malformed fault_;
};

}  // namespace mortise::mqtt
