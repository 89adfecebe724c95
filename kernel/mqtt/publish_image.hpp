// An outgoing PUBLISH encoded once for a whole fan-out: everything but what differs from receiver to
// receiver.
//
// One image serves all receivers of one shape, which is (version, QoS, retain). Packet identifier, DUP,
// subscription identifiers and topic alias are written per receiver.
//
// Owns: its bytes; the payload only if the caller asked to have it inside.
// Cost: made once per shape and message; append is one or two copies into the receiver's buffer.
// Source: MQTT 5.0 §3.3.
#pragma once

#include <cstdint>
#include <span>

#include "mqtt/encode.hpp"

namespace mortise::mqtt {

// Stands for the topic on one connection.  (MQTT 5.0 §3.3.2.3.4)
struct TopicAlias {
  std::uint16_t number = 0;  // 0: none
  bool is_new = false;       // the receiver does not know it yet: the topic goes with it
};

class PublishImage {
 public:
  // `forward` are the forwardable properties in wire encoding (see copy_forwardable); `expiry_s` is what is
  // left of the message expiry interval; 3.1.1 takes neither. The payload is copied in when `inline_payload`
  // is set; otherwise append writes all but the payload, and the caller sends its bytes behind by reference.
  // Clears and reuses its buffer, so that a loop can keep one image per shape.
  void make(Version version, Qos qos, bool retain, std::string_view topic, Bytes forward,
            std::optional<std::uint32_t> expiry_s, Bytes payload, bool inline_payload);

  // Appends the packet for one receiver: `packet_id` is 0 for QoS 0 and `dup` false then. Subscription
  // identifiers, each 1 to 268,435,455, are written in the order given; 3.1.1 has none and passes over them.
  void append(Buffer& out, PacketId packet_id, bool dup,
              std::span<const std::uint32_t> subscription_identifiers, TopicAlias alias = {}) const {
    if (!has_packet_id_ && packet_id == 0 && !dup && subscription_identifiers.empty() && alias.number == 0)
      out.insert(out.end(), bytes_.begin(), bytes_.end());  // as it is
    else
      append_changed(out, packet_id, dup, subscription_identifiers, alias);
  }

  // The whole packet's size on the wire for a receiver with these identifiers, payload included: what a
  // receiver's maximum packet size is held against.
  std::size_t packet_size(std::span<const std::uint32_t> subscription_identifiers,
                          TopicAlias alias = {}) const;

 private:
  struct Sizes {
    std::size_t properties;
    std::size_t remaining;
  };
  Sizes sizes_with(std::span<const std::uint32_t> identifiers, TopicAlias alias) const;
  void append_changed(Buffer& out, PacketId packet_id, bool dup,
                      std::span<const std::uint32_t> subscription_identifiers, TopicAlias alias) const;
  std::size_t append_with(Buffer& out, std::span<const std::uint32_t> identifiers, TopicAlias alias) const;

  Buffer bytes_;  // the packet for a receiver without identifiers, its packet identifier 0
  std::size_t head_size_ = 0;
  std::size_t remaining_ = 0;        // the remaining length bytes_ states
  std::size_t packet_id_at_ = 0;     // from the end of the fixed header on
  std::size_t properties_at_ = 0;    // likewise: where the property length stands
  std::size_t properties_size_ = 0;  // behind that length
  std::uint8_t first_byte_ = 0;
  Version version_ = Version::v3_1_1;
  bool has_packet_id_ = false;
};

// Of a PUBLISH's or will's raw properties those a server passes on unaltered: payload format, content type,
// response topic, correlation data and user properties, in order. The size first, then the copy into `out` of
// just that size.
std::size_t forwardable_size(Bytes raw);
void copy_forwardable(Bytes raw, std::span<std::uint8_t> out);

}  // namespace mortise::mqtt
