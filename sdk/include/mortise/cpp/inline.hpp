// A client of the plugin's own: subscribes, is given messages, publishes, without a socket.
//
//   auto line = mortise::inline_client::open(host, {.client_id = "up", .session_expiry_s = 86'400},
//                                            {.deliver = [&](auto deliveries) { … }});
//   line.subscribe({.filter = "alerts/#", .qos = 1});
//
// Thread: every function from every thread; the handlers run on the strand.
// Owns:   the object closes the client when it goes, and no handler begins any more if that is on the strand.
// Fails:  open throws an error that carries the status; the rest returns it, E_STATE of an empty object.
// Source: mortise/services/inline.h, which says what each call means.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "mortise/cpp/host.hpp"

namespace mortise {

struct inline_options {
  std::string client_id{};
  std::string username{};   // empty: the instance's name
  std::uint32_t flags = 0;  // MORTISE_INLINE_*
  std::uint32_t session_expiry_s = 0;
  std::uint16_t receive_maximum = 0;  // 0: 64
  std::uint32_t credits = 0;
  std::uint32_t queue_messages = 0;  // 0: as session.queue says
  std::uint64_t queue_bytes = 0;
  std::uint32_t queue_age_s = 0;  // 0: any age
};

// Those that are not set are not called.
struct inline_handlers {
  std::function<void(bool session_present)> opened{};
  std::function<void(std::span<const mortise_delivery_t* const>)> deliver{};
  std::function<void(std::uint16_t packet_id)> release{};
  std::function<void(std::uint8_t reason_code)> closed{};
};

struct inline_subscription {
  std::string filter{};
  std::string share{};           // empty: not shared
  std::uint32_t identifier = 0;  // 0: none
  std::uint8_t qos = 0;
  bool no_local = false;
  bool retain_as_published = false;
  std::uint8_t retain_handling = 0;
};

// How a request ended: a status, and the broker's reason code.
using inline_reply = std::function<void(mortise_status_t, std::uint8_t reason_code)>;

namespace detail {

// What the host calls. Lives until closed().
struct line {
  const services& of;
  inline_handlers handlers;
  std::atomic<bool> off{false};

  // `context` is a std::shared_ptr<line> on the heap.
  template <class Call>
  static void run(void* context, const char* where, Call call) noexcept {
    line& self = **static_cast<std::shared_ptr<line>*>(context);
    if (!self.off.load()) guarded(self.of, where, [&] { call(self.handlers); });
  }
  static void opened(void* context, std::uint32_t present) noexcept {
    run(context, "inline.opened", [&](auto& to) {
      if (to.opened) to.opened(present != 0);
    });
  }
  static void deliver(void* context, const mortise_delivery_t* const* deliveries,
                      std::size_t count) noexcept {
    run(context, "inline.deliver", [&](auto& to) {
      if (to.deliver) to.deliver({deliveries, count});
    });
  }
  static void release(void* context, std::uint16_t packet_id) noexcept {
    run(context, "inline.release", [&](auto& to) {
      if (to.release) to.release(packet_id);
    });
  }
  static void closed(void* context, std::uint8_t reason_code) noexcept {
    run(context, "inline.closed", [&](auto& to) {
      if (to.closed) to.closed(reason_code);
    });
    delete static_cast<std::shared_ptr<line>*>(context);
  }
};

// Who is told what became of a request; called exactly once.
struct request {
  const services& of;
  inline_reply run;

  static void call(void* context, mortise_status_t status, std::uint8_t reason_code) noexcept {
    const std::unique_ptr<request> own{static_cast<request*>(context)};
    guarded(own->of, "inline.done", [&] { own->run(status, reason_code); });
  }
};

}  // namespace detail

class inline_client {
 public:
  inline_client() = default;
  inline_client(inline_client&& other) noexcept
      : line_{std::move(other.line_)}, raw_{std::exchange(other.raw_, {})} {}
  inline_client& operator=(inline_client&& other) noexcept {
    std::swap(line_, other.line_);
    std::swap(raw_, other.raw_);
    return *this;
  }
  ~inline_client() {
    if (!line_) return;
    line_->off = true;
    close();
  }

  static inline_client open(host of, const inline_options& how, inline_handlers handlers) {
    const detail::services& services = of.services();
    const auto& table = services.need(services.inline_clients, MORTISE_HOST_INLINE);
    inline_client made;
    made.line_.reset(new detail::line{services, std::move(handlers)});
    auto context = std::make_unique<std::shared_ptr<detail::line>>(made.line_);
    mortise_inline_open_t raw{};
    raw.size = sizeof raw;
    raw.flags = how.flags;
    raw.client_id = str(how.client_id);
    if (!how.username.empty()) raw.username = str(how.username);
    raw.session_expiry_s = how.session_expiry_s;
    raw.receive_maximum = how.receive_maximum;
    raw.credits = how.credits;
    raw.queue_messages = how.queue_messages;
    raw.queue_bytes = how.queue_bytes;
    raw.queue_age_s = how.queue_age_s;
    raw.context = context.get();
    raw.opened = &detail::line::opened;
    raw.deliver = &detail::line::deliver;
    raw.release = &detail::line::release;
    raw.closed = &detail::line::closed;
    // The host may call before open() has returned here.
    auto* const given = context.release();
    const mortise_status_t status = table.open(services.host, &raw, &made.raw_);
    if (status == MORTISE_OK) return made;
    delete given;
    made.line_.reset();
    throw error{status, "the inline client was not opened"};
  }

  explicit operator bool() const noexcept { return line_ != nullptr; }

  // closed() follows.
  mortise_status_t close(bool end_session = false) const {
    return line_ ? table().close(host_(), raw_, end_session ? 1 : 0) : MORTISE_E_STATE;
  }
  mortise_status_t subscribe(const inline_subscription& to, inline_reply done = {}) const {
    mortise_subscription_t raw{};
    raw.size = sizeof raw;
    raw.identifier = to.identifier;
    raw.qos = to.qos;
    raw.no_local = to.no_local;
    raw.retain_as_published = to.retain_as_published;
    raw.retain_handling = to.retain_handling;
    raw.filter = str(to.filter);
    if (!to.share.empty()) raw.share = str(to.share);
    return ask(std::move(done), [&](mortise_reply_fn fn, void* context) {
      return table().subscribe(host_(), raw_, &raw, fn, context);
    });
  }
  mortise_status_t unsubscribe(std::string_view filter, inline_reply done = {}) const {
    return ask(std::move(done), [&](mortise_reply_fn fn, void* context) {
      return table().unsubscribe(host_(), raw_, str(filter), fn, context);
    });
  }
  mortise_status_t credit(std::uint32_t more) const {
    return line_ ? table().credit(host_(), raw_, more) : MORTISE_E_STATE;
  }
  mortise_status_t acknowledge(std::uint16_t packet_id, std::uint8_t reason_code = 0) const {
    return line_ ? table().acknowledge(host_(), raw_, packet_id, reason_code) : MORTISE_E_STATE;
  }
  mortise_status_t received(std::uint16_t packet_id, std::uint8_t reason_code = 0) const {
    return line_ ? table().received(host_(), raw_, packet_id, reason_code) : MORTISE_E_STATE;
  }
  mortise_status_t publish(const message& what, std::uint16_t packet_id = 0, inline_reply done = {}) const {
    return ask(std::move(done), [&](mortise_reply_fn fn, void* context) {
      return table().publish(host_(), raw_, what.get(), packet_id, fn, context);
    });
  }
  mortise_status_t complete(std::uint16_t packet_id, inline_reply done = {}) const {
    return ask(std::move(done), [&](mortise_reply_fn fn, void* context) {
      return table().complete(host_(), raw_, packet_id, fn, context);
    });
  }

 private:
  const mortise_inline_clients_t& table() const { return *line_->of.inline_clients; }
  const mortise_host_t* host_() const { return line_->of.host; }

  template <class Call>
  mortise_status_t ask(inline_reply done, Call call) const {
    if (!line_) return MORTISE_E_STATE;
    if (!done) return call(nullptr, nullptr);
    // The host may call on the strand before the function has returned here.
    auto* const given = new detail::request{line_->of, std::move(done)};
    const mortise_status_t status = call(&detail::request::call, given);
    if (status != MORTISE_OK) delete given;
    return status;
  }

  std::shared_ptr<detail::line> line_;
  mortise_inline_t raw_{};
};

}  // namespace mortise
