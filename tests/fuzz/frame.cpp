// Frames of any bytes: what MQTT 5.0 §2.1 says of them, whatever the pieces they come in.
#include "mqtt/frame.hpp"

#include <optional>

#include "target.hpp"

namespace mortise::fuzz {
namespace {

using mqtt::ReasonCode;

struct Seen {
  std::vector<std::vector<std::uint8_t>> packets;  // the first byte, and the body behind it
  std::optional<ReasonCode> fault;
  std::size_t left = 0;  // bytes of a packet that is not whole
  friend bool operator==(const Seen&, const Seen&) = default;
};

// The specification once more, byte by byte and without regard to cost.
Seen expected(Bytes input, std::size_t maximum) {
  Seen seen;
  for (std::size_t at = 0; at < input.size();) {
    seen.left = input.size() - at;
    const auto fails = [&](ReasonCode reason) { return seen.fault = reason, seen; };
    if (input[at] < 0x10) return fails(ReasonCode::malformed_packet);
    std::size_t length = 0, bytes = 0;
    bool ended = false;
    for (; !ended && bytes < 4 && at + 1 + bytes < input.size(); ++bytes) {
      const std::uint8_t byte = input[at + 1 + bytes];
      length += std::size_t{byte & 0x7FU} << (7 * bytes);
      ended = byte < 0x80;
      if (ended && byte == 0 && bytes > 0) return fails(ReasonCode::malformed_packet);
    }
    if (!ended && bytes == 4) return fails(ReasonCode::malformed_packet);
    if (!ended) return seen;
    const std::size_t whole = 1 + bytes + length;
    if (whole > maximum) return fails(ReasonCode::packet_too_large);
    if (seen.left < whole) return seen;
    seen.packets.push_back(exact(input.subspan(at + bytes, 1 + length)));
    seen.packets.back().front() = input[at];
    at += whole;
    seen.left = input.size() - at;
  }
  return seen;
}

// As a connection reads: asks again only when there are as many bytes as were needed.
Seen read(const std::vector<Bytes>& pieces, std::size_t maximum) {
  Seen seen;
  std::vector<std::uint8_t> unread;
  std::size_t needed = 0;
  for (const Bytes piece : pieces) {
    unread.insert(unread.end(), piece.begin(), piece.end());
    while (!seen.fault && unread.size() >= std::max<std::size_t>(needed, 1)) {
      const std::vector<std::uint8_t> front = exact(unread);
      const auto frame = mqtt::read_frame(front, maximum);
      if (!frame) {
        seen.fault = frame.error().reason;
        break;
      }
      needed = frame->needed;
      if (frame->size == 0) {
        promise(needed > unread.size(), "a frame that is not whole needs more than is there");
        break;
      }
      promise(frame->size <= unread.size() &&
                  frame->body.data() + frame->body.size() == front.data() + frame->size,
              "a frame ends where its body ends");
      std::vector<std::uint8_t> packet{
          static_cast<std::uint8_t>(static_cast<unsigned>(frame->type) << 4 | frame->flags)};
      packet.insert(packet.end(), frame->body.begin(), frame->body.end());
      seen.packets.push_back(std::move(packet));
      unread.erase(unread.begin(), unread.begin() + static_cast<std::ptrdiff_t>(frame->size));
      needed = 0;
    }
  }
  seen.left = unread.size();
  return seen;
}

}  // namespace
}  // namespace mortise::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mortise::fuzz;
  const Bytes input{data, size};
  for (const std::size_t maximum : std::initializer_list<std::size_t>{SIZE_MAX, 128, 16}) {
    const Seen whole = expected(input, maximum);
    for (const auto& pieces : every_split(input))
      promise(read(pieces, maximum) == whole, "frames are the same in any pieces, and as specified");
  }
  return 0;
}
