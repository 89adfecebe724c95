#include "mqtt/frame.hpp"

#include "mqtt/varint.hpp"

namespace mortise::mqtt {

base::Result<Frame, Malformed> read_any_frame(Bytes input, std::size_t maximum_packet_size) {
  const std::uint8_t first = input[0];
  if (first >> 4 == 0)
    return base::Failure{Malformed{ReasonCode::malformed_packet, "packet type 0 is reserved"}};

  const VariableByteInteger length = read_variable(input.subspan(1));
  if (length.ill_formed)
    return base::Failure{
        Malformed{ReasonCode::malformed_packet,
                  "the remaining length is not a variable byte integer in its shortest form"}};
  if (length.size == 0) return Frame{.needed = input.size() + 1};

  const std::size_t header = 1 + length.size;
  const std::size_t whole = header + length.value;
  if (whole > maximum_packet_size)
    return base::Failure{
        Malformed{ReasonCode::packet_too_large, "the packet is larger than the maximum packet size"}};
  if (input.size() < whole) return Frame{.needed = whole};
  return Frame{.type = static_cast<PacketType>(first >> 4),
               .flags = static_cast<std::uint8_t>(first & 0x0F),
               .body = input.subspan(header, length.value),
               .size = whole};
}

}  // namespace mortise::mqtt
