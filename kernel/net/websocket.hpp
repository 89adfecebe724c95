// MQTT in WebSocket frames: the server's side of one connection.
//
// The payload of binary frames is a stream: packets may span frames, and frames may hold several. It goes up
// as it comes, so that a frame's size costs nothing.  [MQTT-6.0.0-1], [MQTT-6.0.0-2]  What is sent has one
// frame a packet, since there are clients (Paho for C 1.3) that lose the second packet of a frame.
//
// Thread: its connection's loop.   Owns: the start of a request; the parser, while a frame is not whole.
// Cost:   between frames it keeps nothing but itself: the parser, four kibibytes, is made for a read and let
//         go after it.
// Fails:  with a close frame: 1003 for text, 1002 for what breaks RFC 6455, 1007 for a reason that is not
//         UTF-8.
// Source: RFC 6455; MQTT 5.0 §6.
#pragma once

#include <array>
#include <memory>

#include "net/filter.hpp"
#include "net/http_upgrade.hpp"

namespace mortise::net {

class WebSocketFilter final : public Filter {
 public:
  WebSocketFilter(std::shared_ptr<const WebSocketOptions> options, const Peer& peer);
  ~WebSocketFilter() override;

  base::Result<Progress, std::string> take(mqtt::Bytes bytes, mqtt::Buffer& up, mqtt::Buffer& down) override;
  void give(std::span<const mqtt::Bytes> parts, mqtt::Buffer& down) override;
  void finish(mqtt::Buffer& down) override;
  const Introduction& introduction() const override { return introduction_; }
  bool is_harmless() const override { return harmless_; }
  std::size_t memory() const override;

 private:
  class Frames;
  struct Opening;

  base::Result<Progress, std::string> take_head(mqtt::Bytes bytes, mqtt::Buffer& up, mqtt::Buffer& down);
  base::Result<Progress, std::string> take_frames(mqtt::Bytes bytes, mqtt::Buffer& up, mqtt::Buffer& down);
  base::Result<Progress, std::string> on_close(mqtt::Buffer& down);
  void begin_packet(std::uint8_t byte, mqtt::Buffer& down);
  base::Failure<std::string> fail(std::uint16_t code, std::string why, mqtt::Buffer& down);

  std::unique_ptr<Opening> opening_;  // until the request has been answered
  std::unique_ptr<Frames> frames_;    // while a frame is not whole
  Introduction introduction_;
  // Of the packet that is being sent: its fixed header until that is whole, and what is still to come of it.
  std::array<std::uint8_t, 5> head_{};
  std::uint8_t head_size_ = 0;
  std::size_t left_ = 0;
  bool in_message_ = false;  // a fragmented one
  bool harmless_ = false;    // the request was a health check's
  bool closed_ = false;      // we have sent a close frame
};

}  // namespace mortise::net
