// The client's side of a WebSocket, for tests: each call of seal() is one masked binary frame.
#pragma once

#include "net/socket_client.hpp"

namespace mortise::net {

class WebSocketSkin : public testing::Skin {
 public:
  explicit WebSocketSkin(std::string fields = "") : fields_{std::move(fields)} {}

  mqtt::Buffer seal(mqtt::Bytes plain) override {
    mqtt::Buffer raw;
    if (!std::exchange(asked_, true)) {
      const std::string request =
          "GET /mqtt HTTP/1.1\r\nHost: broker\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
          "Sec-WebSocket-Protocol: mqtt\r\n" +
          fields_ + "\r\n";
      raw.assign(request.begin(), request.end());
    }
    append(0x82, plain, raw);
    return raw;
  }
  static void append(std::uint8_t first, mqtt::Bytes payload, mqtt::Buffer& raw) {
    raw.push_back(first);
    raw.push_back(0x80 | 127);
    for (int shift = 56; shift >= 0; shift -= 8)
      raw.push_back(static_cast<std::uint8_t>(std::uint64_t{payload.size()} >> shift));
    if (payload.size() < 65536) {  // a length has to be as short as it can
      raw.erase(raw.end() - 8, raw.end() - 2);
      raw[raw.size() - 3] = 0x80 | 126;
    }
    if (payload.size() < 126) {
      raw.erase(raw.end() - 2, raw.end());
      raw.back() = static_cast<std::uint8_t>(0x80 | payload.size());
    }
    constexpr std::array<std::uint8_t, 4> key{0x11, 0x22, 0x33, 0x44};
    raw.insert(raw.end(), key.begin(), key.end());
    for (std::size_t i = 0; i < payload.size(); ++i) raw.push_back(payload[i] ^ key[i % 4]);
  }

  void open(mqtt::Bytes raw, mqtt::Buffer& plain) override {
    input_.insert(input_.end(), raw.begin(), raw.end());
    if (response.empty()) {
      const std::string text{input_.begin(), input_.end()};
      const std::size_t end = text.find("\r\n\r\n");
      if (end == std::string::npos) return;
      response = text.substr(0, end + 4);
      input_.erase(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(end) + 4);
    }
    while (input_.size() >= 2) {
      std::size_t header = 2, size = input_[1];
      if (size >= 126) {
        header += size == 126 ? 2 : 8;
        if (input_.size() < header) return;
        size = 0;
        for (std::size_t i = 2; i < header; ++i) size = size << 8 | input_[i];
      }
      if (input_.size() < header + size) return;
      const auto begin = input_.begin() + static_cast<std::ptrdiff_t>(header);
      const auto end = begin + static_cast<std::ptrdiff_t>(size);
      if (input_[0] == 0x82)
        plain.insert(plain.end(), begin, end);
      else
        others.emplace_back(input_[0], std::string{begin, end});
      input_.erase(input_.begin(), end);
    }
  }
  std::string response;
  std::vector<std::pair<std::uint8_t, std::string>> others;  // frames that are not binary

 private:
  std::string fields_;
  bool asked_ = false;
  mqtt::Buffer input_;
};

}  // namespace mortise::net
