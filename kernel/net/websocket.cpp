#include "net/websocket.hpp"

#include <wslay/wslay.h>

#include <algorithm>
#include <cstring>
#include <new>

#include "mqtt/utf8.hpp"

namespace mortise::net {

namespace {

constexpr std::size_t head_max = 8 * 1024;
constexpr std::string_view head_end = "\r\n\r\n";
constexpr std::size_t control_max = 125;
constexpr std::size_t parser_memory = 4096 + 256;  // wslay's, for the account
constexpr std::uint8_t final_bit = 0x80;

enum Code : std::uint16_t {  // RFC 6455 §7.4.1
  normal = 1000,
  protocol_error = 1002,
  unsupported_data = 1003,
  invalid_payload = 1007,
};

// Those that may stand in a frame: RFC 6455 §7.4, and the IANA registry's 1012 to 1014.
bool is_sendable(std::uint16_t code) {
  return (code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006) ||
         (code >= 3000 && code <= 4999);
}

// A server's frames are not masked: two to ten bytes, then the payload.
void append_header(std::uint8_t opcode, std::size_t size, mqtt::Buffer& down) {
  down.push_back(final_bit | opcode);
  int bytes = 0;
  if (size <= control_max) {
    down.push_back(static_cast<std::uint8_t>(size));
  } else if (size <= UINT16_MAX) {
    down.push_back(126);
    bytes = 2;
  } else {
    down.push_back(127);
    bytes = 8;
  }
  while (bytes-- > 0) down.push_back(static_cast<std::uint8_t>(std::uint64_t{size} >> (8 * bytes)));
}

void append_frame(std::uint8_t opcode, mqtt::Bytes payload, mqtt::Buffer& down) {
  append_header(opcode, payload.size(), down);
  down.insert(down.end(), payload.begin(), payload.end());
}

void append_close(std::uint16_t code, mqtt::Buffer& down) {
  const std::array<std::uint8_t, 2> payload{static_cast<std::uint8_t>(code >> 8),
                                            static_cast<std::uint8_t>(code)};
  append_frame(WSLAY_CONNECTION_CLOSE, payload, down);
}

std::size_t header_size(const wslay_frame_iocb& frame) {
  const std::size_t length = frame.payload_length <= control_max  ? 0
                             : frame.payload_length <= UINT16_MAX ? 2
                                                                  : 8;
  return 2 + length + (frame.mask ? 4 : 0);
}

// What is wrong with a client's frame, as far as wslay has not said it; empty: nothing.
std::string fault_of(const wslay_frame_iocb& frame, bool in_message) {
  if (!frame.mask) return "a frame of a client is not masked";
  if (frame.rsv != WSLAY_RSV_NONE) return "a frame has reserved bits set";
  switch (frame.opcode) {
    case WSLAY_CONTINUATION_FRAME: return in_message ? "" : "a frame continues nothing";
    case WSLAY_TEXT_FRAME:
    case WSLAY_BINARY_FRAME: return in_message ? "a message begins within another" : "";
    case WSLAY_CONNECTION_CLOSE:
    case WSLAY_PING:
    case WSLAY_PONG: return "";
    default: return "a frame has a reserved opcode";
  }
}

// What the first byte gives away, so that a client with a wrong setting need not wait for a timeout; empty:
// it may be HTTP.
std::string stranger(std::string_view head) {
  constexpr char mqtt_connect = 0x10;
  constexpr char tls_handshake = 0x16;
  const char first = head.front();
  if (first == mqtt_connect) return "WebSocket: a plain MQTT packet; the client has to be set to WebSocket";
  if (first == tls_handshake) return "WebSocket: the client speaks TLS, and this listener does not";
  return first >= 'A' && first <= 'Z' ? "" : "WebSocket: this is no HTTP request";
}

}  // namespace

struct WebSocketFilter::Opening {
  std::shared_ptr<const WebSocketOptions> options;
  Peer peer;
  std::string head;
};

// wslay's parser, fed from the bytes at hand, and the control frame that is not whole.
class WebSocketFilter::Frames {
 public:
  Frames() {
    wslay_frame_callbacks callbacks{};
    callbacks.recv_callback = [](std::uint8_t* buffer, std::size_t size, int, void* self) {
      return static_cast<Frames*>(self)->read(buffer, size);
    };
    if (::wslay_frame_context_init(&context_, &callbacks, this) != 0) throw std::bad_alloc{};
  }
  ~Frames() { ::wslay_frame_context_free(context_); }
  Frames(const Frames&) = delete;
  Frames& operator=(const Frames&) = delete;

  void feed(mqtt::Bytes bytes) { unread_ = bytes; }
  // The next piece of a frame. False: there is none; fails when the frame breaks the rules of framing.
  base::Result<bool, std::string> next(wslay_frame_iocb& frame) {
    const ssize_t got = ::wslay_frame_recv(context_, &frame);
    if (got == WSLAY_ERR_WANT_READ) return false;
    if (got < 0) return base::Failure{std::string{"a frame breaks the rules of framing"}};
    is_first_ = std::exchange(is_whole_, false);
    if (is_first_) {
      taken_ = 0;
      untold_ -= header_size(frame);
    }
    taken_ += frame.data_length;
    untold_ -= frame.data_length;
    is_whole_ = taken_ == frame.payload_length;
    return true;
  }
  bool is_first() const { return is_first_; }  // the piece is its frame's first
  bool is_whole() const { return is_whole_; }  // and its last
  bool is_idle() const { return is_whole_ && untold_ == 0; }

  mqtt::Buffer control;  // its payload so far

 private:
  ssize_t read(std::uint8_t* buffer, std::size_t size) {
    const std::size_t count = std::min(size, unread_.size());
    if (count == 0) return -1;
    std::memcpy(buffer, unread_.data(), count);
    unread_ = unread_.subspan(count);
    untold_ += count;
    return static_cast<ssize_t>(count);
  }
  wslay_frame_context_ptr context_ = nullptr;
  mqtt::Bytes unread_;
  std::size_t untold_ = 0;   // read by the parser, which has not told what they are
  std::uint64_t taken_ = 0;  // of the frame's payload
  bool is_first_ = true;
  bool is_whole_ = true;
};

WebSocketFilter::WebSocketFilter(std::shared_ptr<const WebSocketOptions> options, const Peer& peer)
    : opening_{std::make_unique<Opening>(Opening{std::move(options), peer, {}})} {}

WebSocketFilter::~WebSocketFilter() = default;

std::size_t WebSocketFilter::memory() const {
  return sizeof *this + (opening_ ? sizeof(Opening) + opening_->head.capacity() : 0) +
         (frames_ ? sizeof(Frames) + parser_memory + frames_->control.capacity() : 0);
}

base::Result<Filter::Progress, std::string> WebSocketFilter::take(mqtt::Bytes bytes, mqtt::Buffer& up,
                                                                  mqtt::Buffer& down) {
  return opening_ ? take_head(bytes, up, down) : take_frames(bytes, up, down);
}

// ---- the request

base::Result<Filter::Progress, std::string> WebSocketFilter::take_head(mqtt::Bytes bytes, mqtt::Buffer& up,
                                                                       mqtt::Buffer& down) {
  std::string& head = opening_->head;
  const std::size_t before = head.size();
  const mqtt::Bytes joins = bytes.first(std::min(bytes.size(), head_max - before));
  head.append(reinterpret_cast<const char*>(joins.data()), joins.size());
  if (std::string wrong = stranger(head); !wrong.empty()) return base::Failure{std::move(wrong)};
  const std::size_t end = head.find(head_end, before < head_end.size() ? 0 : before - head_end.size() + 1);
  if (end == std::string::npos && head.size() < head_max) return Progress::goes_on;

  const std::size_t size = end + head_end.size();
  UpgradeAnswer answer = end == std::string::npos ? refuse_long_head()
                                                  : answer_upgrade(std::string_view{head}.substr(0, size),
                                                                   *opening_->options, opening_->peer);
  down.insert(down.end(), answer.response.begin(), answer.response.end());
  opening_.reset();
  harmless_ = answer.harmless;
  if (!answer.wrong.empty()) return base::Failure{std::move(answer.wrong)};
  introduction_.address = std::move(answer.client_address);
  const Progress progress = introduction_.empty() ? Progress::goes_on : Progress::learnt;
  if (size == before + bytes.size()) return progress;
  auto more = take_frames(bytes.subspan(size - before), up, down);
  return more && *more == Progress::goes_on ? progress : std::move(more);
}

// ---- frames

base::Result<Filter::Progress, std::string> WebSocketFilter::take_frames(mqtt::Bytes bytes, mqtt::Buffer& up,
                                                                         mqtt::Buffer& down) {
  if (!frames_) frames_ = std::make_unique<Frames>();
  frames_->feed(bytes);
  wslay_frame_iocb frame{};
  for (;;) {
    const auto got = frames_->next(frame);
    if (!got) return fail(protocol_error, got.error(), down);
    if (!*got) break;
    if (frames_->is_first())
      if (std::string wrong = fault_of(frame, in_message_); !wrong.empty())
        return fail(protocol_error, std::move(wrong), down);
    const mqtt::Bytes payload{frame.data, frame.data_length};
    if (!wslay_is_ctrl_frame(frame.opcode)) {
      if (frame.opcode == WSLAY_TEXT_FRAME)  // [MQTT-6.0.0-1]
        return fail(unsupported_data, "a text frame; MQTT goes in binary ones", down);
      in_message_ = !frame.fin;
      up.insert(up.end(), payload.begin(), payload.end());
      continue;
    }
    frames_->control.insert(frames_->control.end(), payload.begin(), payload.end());
    if (!frames_->is_whole()) continue;
    if (frame.opcode == WSLAY_CONNECTION_CLOSE) return on_close(down);
    if (frame.opcode == WSLAY_PING) append_frame(WSLAY_PONG, frames_->control, down);
    frames_->control.clear();
  }
  if (frames_->is_idle()) frames_.reset();
  return Progress::goes_on;
}

// Answered by the same code, or by none.
base::Result<Filter::Progress, std::string> WebSocketFilter::on_close(mqtt::Buffer& down) {
  const mqtt::Bytes payload{frames_->control};
  if (payload.empty()) {
    append_frame(WSLAY_CONNECTION_CLOSE, {}, down);
    closed_ = true;
    return Progress::ended;
  }
  if (payload.size() < 2) return fail(protocol_error, "half a code in a close frame", down);
  const auto code = static_cast<std::uint16_t>(payload[0] << 8 | payload[1]);
  if (!is_sendable(code))
    return fail(protocol_error, "the code " + std::to_string(code) + " in a close frame", down);
  if (!mqtt::is_utf8({reinterpret_cast<const char*>(payload.data()) + 2, payload.size() - 2}))
    return fail(invalid_payload, "the reason in a close frame is not UTF-8", down);
  append_close(code, down);
  closed_ = true;
  return Progress::ended;
}

base::Failure<std::string> WebSocketFilter::fail(std::uint16_t code, std::string why, mqtt::Buffer& down) {
  append_close(code, down);
  closed_ = true;
  return base::Failure{"WebSocket: " + std::move(why)};
}

void WebSocketFilter::give(std::span<const mqtt::Bytes> parts, mqtt::Buffer& down) {
  for (mqtt::Bytes part : parts)
    while (!part.empty()) {
      if (left_ == 0) {
        begin_packet(part.front(), down);
        part = part.subspan(1);
        continue;
      }
      const mqtt::Bytes piece = part.first(std::min(part.size(), left_));
      down.insert(down.end(), piece.begin(), piece.end());
      left_ -= piece.size();
      part = part.subspan(piece.size());
    }
}

// One more byte of a fixed header; with its last one the frame begins.  [MQTT-6.0.0-1]
void WebSocketFilter::begin_packet(std::uint8_t byte, mqtt::Buffer& down) {
  head_[head_size_++] = byte;
  if (head_size_ == 1 || (byte & 0x80) != 0) return;
  for (std::size_t i = head_size_; --i > 0;) left_ = left_ << 7 | (head_[i] & 0x7F);
  append_header(WSLAY_BINARY_FRAME, head_size_ + left_, down);
  down.insert(down.end(), head_.begin(), head_.begin() + head_size_);
  head_size_ = 0;
}

void WebSocketFilter::finish(mqtt::Buffer& down) {
  if (opening_ || closed_ || left_ != 0) return;  // within a packet, whose frame is not whole
  append_close(normal, down);
  closed_ = true;
}

}  // namespace mortise::net
