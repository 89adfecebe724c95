// What an instance may ask of its host. A small value: copy it freely.
//
// Thread: every thread, unless a function says otherwise.
// Fails:  by an error that carries the status, unless a function returns one.
#pragma once

#include <chrono>
#include <concepts>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "mortise/cpp/config.hpp"
#include "mortise/cpp/message.hpp"

namespace mortise {

// One named value of a log line: {"client", id}, {"times", 41}.
struct field : mortise_field_t {
  field(std::string_view name, std::string_view value) noexcept
      : mortise_field_t{named(name, MORTISE_FIELD_TEXT)} {
    text = str(value);
  }
  field(std::string_view name, const char* value) noexcept : field{name, std::string_view{value}} {}
  field(std::string_view name, bool value) noexcept : mortise_field_t{named(name, MORTISE_FIELD_BOOLEAN)} {
    number.natural = value;
  }
  field(std::string_view name, std::signed_integral auto value) noexcept
      : mortise_field_t{named(name, MORTISE_FIELD_INTEGER)} {
    number.integer = value;
  }
  field(std::string_view name, std::unsigned_integral auto value) noexcept
      : mortise_field_t{named(name, MORTISE_FIELD_UNSIGNED)} {
    number.natural = value;
  }
  field(std::string_view name, std::floating_point auto value) noexcept
      : mortise_field_t{named(name, MORTISE_FIELD_FLOAT)} {
    number.real = value;
  }

 private:
  static mortise_field_t named(std::string_view name, std::uint32_t type) noexcept {
    mortise_field_t out{};
    out.key = str(name);
    out.type = type;
    return out;
  }
};

// When an extension is to be called; see mortise_attach_t.
struct attach {
  std::int32_t priority = 0;
  std::vector<std::string> filters{};
  std::vector<std::uint16_t> kinds{};
  std::uint32_t deadline_ms = 0;
  mortise_answer_t fallback = MORTISE_FALLBACK;
};

// A running timer; its end is the timer's. Let go on the strand, its function does not begin any more;
// elsewhere it may just be running.
class timer {
 public:
  timer() = default;
  timer(std::shared_ptr<detail::alarm> alarm, mortise_timer_t raw) noexcept
      : alarm_{std::move(alarm)}, raw_{raw} {}
  timer(timer&&) noexcept = default;
  timer& operator=(timer&& other) noexcept {
    cancel();
    alarm_ = std::move(other.alarm_);
    raw_ = other.raw_;
    return *this;
  }
  ~timer() { cancel(); }

  void cancel() noexcept {
    if (!alarm_) return;
    const detail::services& of = alarm_->of;
    alarm_->off = true;
    of.time->cancel(of.host, raw_);
    // The strand may be inside the function now; what is posted runs behind it. If it cannot be posted, the
    // alarm is kept to the end of the instance.
    detail::guarded(of, "timer.cancel", [&] {
      if (of.work) detail::send(of, of.work->post, [&of, alarm = alarm_] { of.forget(alarm.get()); });
    });
    alarm_.reset();
  }

 private:
  std::shared_ptr<detail::alarm> alarm_;
  mortise_timer_t raw_{};
};

class host {
 public:
  explicit host(const detail::services& of) noexcept : services_{&of} {}

  std::string_view instance() const noexcept { return view(raw().instance); }
  std::string_view config_dir() const noexcept { return view(raw().config_dir); }
  std::string_view state_dir() const noexcept { return view(raw().state_dir); }
  const mortise_host_t& raw() const noexcept { return *services_->host; }
  const detail::services& services() const noexcept { return *services_; }

  // Counts a fault of this instance and logs it.
  void fault(std::string_view where, std::string_view text) const noexcept { services_->fault(where, text); }

  // Tells the operator of something in his files that should be known and stops nothing: `mortise check` and
  // the broker's start show it with its place. Only in the constructor, start() and
  // prepare(), on their thread.
  // Fails: error MORTISE_E_STATE anywhere else.
  void warn(const finding& found) const {
    if (services_->reports.load() != std::this_thread::get_id())
      throw error{MORTISE_E_STATE, "nobody collects findings here and now"};
    found.add_to(*services_->report.load(), MORTISE_WARNING);
  }

  // Whether lines of `level` are read by anybody.
  bool logs(std::int32_t level) const noexcept {
    return services_->log && level >= services_->log->level(services_->host);
  }
  // One line; `event` is a stable name for machines. Never fails and never blocks.
  void log(std::int32_t level, std::string_view event, std::string_view text,
           std::initializer_list<field> fields = {}) const noexcept {
    if (!logs(level)) return;
    mortise_log_event_t line{};
    line.size = sizeof line;
    line.level = level;
    line.event = str(event);
    line.text = str(text);
    static_assert(sizeof(field) == sizeof(mortise_field_t));
    line.fields = fields.begin();
    line.field_count = fields.size();
    services_->log->write(services_->host, &line);
  }

  std::uint64_t monotonic_ns() const { return time().monotonic_ns(services_->host); }
  std::uint64_t unix_ns() const { return time().unix_ns(services_->host); }

  // Calls `run` on the strand, once after `delay` or every `period`, as long as the timer lives.
  [[nodiscard]] timer after(std::chrono::nanoseconds delay, std::function<void()> run) const {
    return start_timer(delay, std::chrono::nanoseconds{0}, std::move(run));
  }
  [[nodiscard]] timer every(std::chrono::nanoseconds period, std::function<void()> run) const {
    return start_timer(period, period, std::move(run));
  }

  // Runs on the worker pool, or in order on the strand. False: the queue is full, it never runs.
  bool submit(std::function<void()> run) const {
    return detail::send(*services_, work().submit, std::move(run));
  }
  bool post(std::function<void()> run) const { return detail::send(*services_, work().post, std::move(run)); }

  // Messages: kept beyond a call, made, and read.
  message keep(const mortise_message_view_t& shown) const { return {*services_, shown}; }
  message make(const edit& wanted) const { return mortise::make(*services_, nullptr, wanted); }
  message make(const mortise_message_view_t& base, const edit& wanted) const {
    return mortise::make(*services_, &base, wanted);
  }
  mortise::properties properties(mortise_bytes_t wire) const { return {*services_, wire}; }
  // Throws an error if the filter or the topic is not valid.
  bool matches(std::string_view filter, std::string_view topic) const {
    const std::int32_t found = message::table(*services_).matches(str(filter), str(topic));
    if (found < 0) throw error{found, "not a valid topic filter or topic name"};
    return found > 0;
  }

  // Publishes as the plugin; `done` is told on the strand. Returns E_BUSY or E_NOT_GRANTED rather than
  // throwing.
  mortise_status_t publish(const message& what, std::uint32_t level = MORTISE_MEMORY,
                           std::function<void(mortise_status_t, std::uint32_t)> done = {}) const {
    const auto& table = services_->need(services_->publisher, MORTISE_HOST_PUBLISH);
    mortise_publish_t how{sizeof how, level, nullptr, nullptr};
    std::unique_ptr<detail::publication> told;
    if (done) {
      told.reset(new detail::publication{*services_, std::move(done)});
      how.done = &detail::publication::call;
      how.context = told.get();
    }
    // The host may call `done` on the strand before publish() has returned here.
    detail::publication* given = told.release();
    const mortise_status_t status = table.publish(services_->host, what.get(), &how);
    if (status != MORTISE_OK) delete given;
    return status;
  }

  // Attachments beyond what the class's own ..._attach() asks for.
  mortise_hook_t attach(const char* extension, const mortise::attach& how) const {
    mortise_hook_t hook{};
    with(how, [&](const auto& raw_how) {
      check(hooks().attach(services_->host, extension, &raw_how, &hook), extension);
    });
    return hook;
  }
  void change(mortise_hook_t hook, const mortise::attach& how) const {
    with(how, [&](const auto& raw_how) {
      check(hooks().change(services_->host, hook, &raw_how), "the attachment was not changed");
    });
  }
  void detach(mortise_hook_t hook) const {
    check(hooks().detach(services_->host, hook, nullptr, nullptr), "the attachment was not ended");
  }

  // A reason to lose messages; only in start().
  std::uint32_t loss_reason(const char* name, const char* help) const {
    std::uint32_t loss = 0;
    check(ledger().reason(services_->host, name, help, &loss), name);
    return loss;
  }
  void lose(std::uint32_t loss, std::uint64_t messages, std::uint64_t bytes) const {
    ledger().lose(services_->host, loss, messages, bytes);
  }

  // The way back to the kernel of a store; call its functions with &raw().
  const mortise_host_store_t& store() const { return services_->need(services_->store, MORTISE_HOST_STORE); }

 private:
  const mortise_time_t& time() const { return services_->need(services_->time, MORTISE_HOST_TIME); }
  const mortise_work_t& work() const { return services_->need(services_->work, MORTISE_HOST_WORK); }
  const mortise_hooks_t& hooks() const { return services_->need(services_->hooks, MORTISE_HOST_HOOKS); }
  const mortise_ledger_t& ledger() const { return services_->need(services_->ledger, MORTISE_HOST_LEDGER); }

  static void check(mortise_status_t status, const char* what) {
    if (status != MORTISE_OK) throw error{status, what};
  }

  template <class Use>
  static void with(const mortise::attach& how, Use use) {
    std::vector<mortise_str_t> filters;
    for (const std::string& filter : how.filters) filters.push_back(str(filter));
    use(mortise_attach_t{sizeof(mortise_attach_t), how.priority, filters.data(), filters.size(),
                         how.kinds.data(), how.kinds.size(), how.deadline_ms, how.fallback});
  }

  timer start_timer(std::chrono::nanoseconds delay, std::chrono::nanoseconds period,
                    std::function<void()> run) const {
    const mortise_time_t& table = time();
    const auto alarm =
        std::shared_ptr<detail::alarm>{new detail::alarm{*services_, std::move(run), period.count() != 0}};
    services_->keep(alarm);
    mortise_timer_t raw_timer{};
    const auto span = [](std::chrono::nanoseconds of) { return static_cast<std::uint64_t>(of.count()); };
    const mortise_status_t status = table.timer(services_->host, span(delay), span(period),
                                                &detail::alarm::ring, alarm.get(), &raw_timer);
    if (status != MORTISE_OK) {
      services_->forget(alarm.get());
      throw error{status, "the timer was not started"};
    }
    return {alarm, raw_timer};
  }

  const detail::services* services_;
};

}  // namespace mortise
