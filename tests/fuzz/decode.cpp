// Packets of any bytes, in every version: decode refuses with an error, or what it says can be said again.
#include "mqtt/decode.hpp"

#include "mqtt/encode.hpp"
#include "target.hpp"

namespace mortise::fuzz {
namespace {

// A frame that is whole and nothing behind it.
mqtt::Frame frame_of(Bytes bytes) {
  const auto frame = mqtt::read_frame(bytes, SIZE_MAX);
  promise(frame && frame->size == bytes.size(), "what encode writes is one frame");
  return *frame;
}

void check(Bytes bytes, mqtt::Version version) {
  const auto decoded = mqtt::decode(frame_of(bytes), version);
  if (!decoded) {
    promise(*decoded.error().what != '\0', "a fault has a sentence");
    promise(mqtt::is_error(decoded.error().reason), "a fault has an error's reason code");
    return;
  }
  mqtt::Buffer first, second;
  mqtt::encode(*decoded, version, first);
  const auto again = mqtt::decode(frame_of(first), version);
  promise(static_cast<bool>(again), "what was decoded and encoded is decoded again");
  promise(again->index() == decoded->index(), "it is a packet of the same type");
  mqtt::encode(*again, version, second);
  promise(first == second, "it is encoded to the same bytes");
  promise(first.size() <= bytes.size(), "encode writes nothing longer than what was read");
}

}  // namespace
}  // namespace mortise::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mortise;
  for (fuzz::Bytes rest{data, size}; !rest.empty();) {
    const auto frame = mqtt::read_frame(rest, SIZE_MAX);
    if (!frame || frame->size == 0) return 0;
    const std::vector<std::uint8_t> packet = fuzz::exact(rest.first(frame->size));
    for (const auto version : {mqtt::Version::v3_1, mqtt::Version::v3_1_1, mqtt::Version::v5_0})
      fuzz::check(packet, version);
    rest = rest.subspan(frame->size);
  }
  return 0;
}
