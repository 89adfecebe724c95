#include "net/tls_filter.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <new>

#include "net/tls_identity.hpp"
#include "net/tls_psk.hpp"
#include "net/tls_words.hpp"

namespace mortise::net {

namespace {

constexpr std::size_t record_size = SSL3_RT_MAX_PLAIN_LENGTH;
// What OpenSSL 3.0 holds, as tests/net/tls_memory_test.cpp measures it.
constexpr std::size_t idle_memory = 14 * 1024;
constexpr std::size_t record_memory = 17 * 1024;

}  // namespace

// Both ends are there only during a call of the filter's.
struct TlsFilter::Wire {
  mqtt::Bytes in;
  mqtt::Buffer* out = nullptr;

  static Wire& of(BIO* bio) { return *static_cast<Wire*>(BIO_get_data(bio)); }

  static int read(BIO* bio, char* into, std::size_t room, std::size_t* count) {
    mqtt::Bytes& in = of(bio).in;
    BIO_clear_retry_flags(bio);
    *count = std::min(room, in.size());
    if (*count == 0) {
      BIO_set_retry_read(bio);
      return 0;
    }
    std::memcpy(into, in.data(), *count);
    in = in.subspan(*count);
    return 1;
  }
  static int write(BIO* bio, const char* from, std::size_t size, std::size_t* count) {
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(from);
    mqtt::Buffer& out = *of(bio).out;
    out.insert(out.end(), bytes, bytes + size);
    *count = size;
    return 1;
  }
  static long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

  static const BIO_METHOD* method() {
    static BIO_METHOD* const made = [] {
      BIO_METHOD* fresh = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "connection");
      if (!fresh) throw std::bad_alloc{};
      BIO_meth_set_read_ex(fresh, read);
      BIO_meth_set_write_ex(fresh, write);
      BIO_meth_set_ctrl(fresh, control);
      return fresh;
    }();
    return made;
  }
};

TlsFilter::TlsFilter(std::shared_ptr<const TlsContext> context)
    : context_{std::move(context)}, ssl_{context_->open(refusal_)}, wire_{std::make_unique<Wire>()} {
  BIO* bio = BIO_new(Wire::method());
  if (!ssl_ || !bio) throw std::bad_alloc{};
  BIO_set_data(bio, wire_.get());
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_, bio, bio);
}

TlsFilter::~TlsFilter() { SSL_free(ssl_); }

base::Result<Filter::Progress, std::string> TlsFilter::take(mqtt::Bytes bytes, mqtt::Buffer& up,
                                                            mqtt::Buffer& down) {
  if (state_ == State::over) return Progress::ended;
  if (state_ == State::fresh && !bytes.empty()) {
    if (std::string why = why_not_tls(bytes); !why.empty()) {
      state_ = State::over;
      return base::Failure{std::move(why)};
    }
    state_ = State::shaking_hands;
  }
  wire_->in = bytes;
  wire_->out = &down;
  ERR_clear_error();
  auto progress = read_all(up);
  *wire_ = {};
  if (!progress || *progress == Progress::ended) state_ = progress ? state_ : State::over;
  return progress;
}

base::Result<Filter::Progress, std::string> TlsFilter::read_all(mqtt::Buffer& up) {
  Progress progress = Progress::goes_on;
  std::array<std::uint8_t, record_size> record;
  for (;;) {
    std::size_t count = 0;
    const bool got = SSL_read_ex(ssl_, record.data(), record.size(), &count) == 1;
    const int error = got ? SSL_ERROR_NONE : SSL_get_error(ssl_, 0);
    if (state_ == State::shaking_hands && SSL_is_init_finished(ssl_)) {
      auto introduced = introduce();
      if (!introduced) return introduced;
      progress = *introduced;
    }
    if (got) {
      up.insert(up.end(), record.begin(), record.begin() + static_cast<std::ptrdiff_t>(count));
      continue;
    }
    if (error == SSL_ERROR_WANT_READ) return progress;
    if (error == SSL_ERROR_ZERO_RETURN) return Progress::ended;
    return base::Failure{why_failed(*ssl_, refusal_)};
  }
}

base::Result<Filter::Progress, std::string> TlsFilter::introduce() {
  state_ = State::open;
  introduction_.cipher = std::string{SSL_get_version(ssl_)} + ' ' + SSL_get_cipher_name(ssl_);
  refusal_ = {};
  if (context_->psk_names_client()) introduction_.identity = psk_identity_of(*ssl_);
  const X509* certificate = SSL_get0_peer_certificate(ssl_);
  if (!certificate) return Progress::learnt;
  auto identity = identity_of(*certificate, context_->identity());
  if (!identity) return base::Failure{identity.error()};
  introduction_.identity = std::move(*identity);
  context_->let_go_of_certificate(*ssl_);
  return Progress::learnt;
}

void TlsFilter::give(std::span<const mqtt::Bytes> parts, mqtt::Buffer& down) {
  if (state_ != State::open) return;
  wire_->out = &down;
  ERR_clear_error();
  std::array<std::uint8_t, record_size> record;
  std::size_t filled = 0;
  for (mqtt::Bytes part : parts) {
    while (!part.empty()) {
      if (filled == 0 && part.size() >= record_size) {
        write(part.first(record_size));
        part = part.subspan(record_size);
        continue;
      }
      const std::size_t joins = std::min(part.size(), record_size - filled);
      std::memcpy(record.data() + filled, part.data(), joins);
      filled += joins;
      part = part.subspan(joins);
      if (filled == record_size) write({record.data(), std::exchange(filled, 0)});
    }
  }
  if (filled != 0) write({record.data(), filled});
  *wire_ = {};
}

// It fails for a peer that has begun a message of the handshake and not ended it: such a one hears no more.
void TlsFilter::write(mqtt::Bytes bytes) {
  std::size_t count = 0;
  if (state_ == State::open && SSL_write_ex(ssl_, bytes.data(), bytes.size(), &count) != 1) {
    ERR_clear_error();
    state_ = State::over;
  }
}

void TlsFilter::finish(mqtt::Buffer& down) {
  if (state_ != State::open) return;
  state_ = State::over;
  wire_->out = &down;
  ERR_clear_error();
  SSL_shutdown(ssl_);
  ERR_clear_error();
  *wire_ = {};
}

std::size_t TlsFilter::memory() const {
  return sizeof *this + idle_memory + (SSL_has_pending(ssl_) == 1 ? record_memory : 0);
}

}  // namespace mortise::net
