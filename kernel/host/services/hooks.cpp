#include <array>
#include <functional>
#include <optional>
#include <string>

#include "host/abi_text.hpp"
#include "host/host_table.hpp"
#include "host/innards.hpp"
#include "host/instance.hpp"
#include "mqtt/topic.hpp"

namespace mortise::host {

namespace {

constexpr std::uint32_t actions_that_wait =
    1u << MORTISE_PUBLISH | 1u << MORTISE_SUBSCRIBE | 1u << MORTISE_WILL | 1u << MORTISE_RETAIN;
constexpr std::uint32_t interceptions_that_wait =
    1u << MORTISE_INTERCEPT_PUBLISH | 1u << MORTISE_INTERCEPT_CONNECT;

// The kinds an extension knows, a bit each; 0: it has none.
std::uint32_t known_kinds(std::string_view extension) {
  if (extension == MORTISE_AUTHORISE) return actions_that_wait | 1u << MORTISE_RECEIVE;
  if (extension == MORTISE_INTERCEPT) return interceptions_that_wait | 1u << MORTISE_INTERCEPT_WILL;
  if (extension == MORTISE_LOG_SINK)
    return 1u << MORTISE_DEBUG | 1u << MORTISE_INFO | 1u << MORTISE_NOTICE | 1u << MORTISE_WARNING |
           1u << MORTISE_ERROR;
  std::uint32_t all = 0;
  if (extension == MORTISE_OBSERVE)
    for (std::size_t i = 0; i < static_cast<std::size_t>(broker::EventKind::count); ++i)
      all |= 1u << event_type_of(static_cast<broker::EventKind>(i));
  return all;
}

// The operator's word about one hook; null where the YAML has none.
const config::HookChange* operators_word(const config::HookChanges& hooks, std::string_view extension) {
  const auto chosen = [](const std::optional<config::HookChange>& one) { return one ? &*one : nullptr; };
  if (extension == MORTISE_AUTHENTICATE) return chosen(hooks.authenticate);
  if (extension == MORTISE_AUTHORISE) return chosen(hooks.authorise);
  if (extension == MORTISE_INTERCEPT) return chosen(hooks.intercept);
  if (extension == MORTISE_OBSERVE) return chosen(hooks.observe);
  return nullptr;
}

bool is_fallback(mortise_answer_t proposed) {
  return proposed == MORTISE_PASS || proposed == MORTISE_ALLOW || proposed == MORTISE_DENY ||
         proposed == MORTISE_FALLBACK;
}

broker::Decision fallback_of(mortise_answer_t proposed, std::string_view extension) {
  switch (proposed) {
    case MORTISE_ALLOW: return broker::Decision::allow;
    case MORTISE_DENY: return broker::Decision::deny;
    case MORTISE_PASS: return broker::Decision::pass;
    default:
      return extension == MORTISE_INTERCEPT || extension == MORTISE_ACCEPT ? broker::Decision::pass
                                                                           : broker::Decision::deny;
  }
}

void apply_operator(const config::HookChange& word, Attachment& to) {
  if (word.priority) to.priority = *word.priority;
  if (word.deadline) to.deadline = *word.deadline;
  if (word.fallback)
    to.fallback = *word.fallback == config::Fallback::allow  ? broker::Decision::allow
                  : *word.fallback == config::Fallback::deny ? broker::Decision::deny
                                                             : broker::Decision::pass;
  if (!word.filters) return;
  to.filters.clear();
  for (const auto& filter : *word.filters) to.filters.push_back(filter.value);
}

mortise_status_t take_kinds(const mortise_attach_t& how, std::uint32_t known, Attachment& to) {
  if (!how.kinds && how.kind_count != 0) return MORTISE_E_INVALID;
  for (std::size_t i = 0; i < how.kind_count; ++i) {
    const std::uint16_t kind = how.kinds[i];
    if (kind >= 32 || !(known >> kind & 1u)) return MORTISE_E_UNKNOWN;
    to.kinds |= 1u << kind;
  }
  return MORTISE_OK;
}

// What a strand must not be asked, because the answer cannot wait for it.
mortise_status_t check_strand(Instance& instance, Attachment& to) {
  if (!instance.on_strand()) return MORTISE_OK;
  const auto refuse = [&](const std::string& what) -> mortise_status_t {
    const std::array<broker::Log::Field, 2> fields{
        {{"plugin", instance.name()}, {"file", instance.file.native()}}};
    instance.in.log.write(broker::LogLevel::error, "host", "plugin.attach_refused",
                          "a plugin on its strand cannot " + what + ": that question is answered at once",
                          nullptr, fields);
    return MORTISE_E_STATE;
  };
  if (to.extension == MORTISE_PSK) return refuse("give keys of TLS clients");
  if (to.extension == MORTISE_ACCEPT) return refuse("accept connections");
  const bool authorises = to.extension == MORTISE_AUTHORISE;
  if (!authorises && to.extension != MORTISE_INTERCEPT) return MORTISE_OK;
  const std::uint32_t that_wait = authorises ? actions_that_wait : interceptions_that_wait;
  if (to.kinds == 0) to.kinds = that_wait;
  if (to.kinds & ~that_wait) return refuse(authorises ? "authorise receive" : "intercept wills");
  return MORTISE_OK;
}

// Turns a wish into an attachment, the operator's word applied.
mortise_status_t read_wish(Instance& instance, const mortise_attach_t* how, Attachment& to) {
  to.deadline = instance.in.options.decision_deadline;
  mortise_answer_t proposed = MORTISE_FALLBACK;
  to.kinds = 0;
  to.filters.clear();
  if (how) {
    if (!MORTISE_HAS(how, fallback)) return MORTISE_E_INVALID;
    to.priority = how->priority;
    proposed = how->fallback;
    if (!is_fallback(proposed)) return MORTISE_E_INVALID;
    if (how->deadline_ms != 0) to.deadline = std::chrono::milliseconds{how->deadline_ms};
    if (!how->filters && how->filter_count != 0) return MORTISE_E_INVALID;
    for (std::size_t i = 0; i < how->filter_count; ++i) {
      if (!mqtt::is_topic_filter(view_of(how->filters[i]))) return MORTISE_E_INVALID;
      to.filters.emplace_back(view_of(how->filters[i]));
    }
    if (const auto status = take_kinds(*how, known_kinds(to.extension), to); status != MORTISE_OK)
      return status;
  }
  if (to.extension == MORTISE_OBSERVE && to.kinds == 0) return MORTISE_E_INVALID;
  to.fallback = fallback_of(proposed, to.extension);
  if (const config::HookChange* word = operators_word(instance.settings.hooks, to.extension))
    apply_operator(*word, to);
  return check_strand(instance, to);
}

LogRing::Sink sink_of(Instance& instance, const Attachment& wish) {
  LogRing::Sink sink;
  sink.strand = &instance.strand;
  sink.levels = wish.kinds == 0 ? known_kinds(MORTISE_LOG_SINK) : wish.kinds;
  sink.unwanted = wish.filters;
  sink.write = [&instance](std::span<const mortise_log_event_t* const> events) {
    instance.guarded("log-sink.write",
                     [&] { instance.manifest.log_sink->write(instance.self, events.data(), events.size()); });
  };
  return sink;
}

mortise_status_t attach(const mortise_host_t* host, const char* extension, const mortise_attach_t* how,
                        mortise_hook_t* hook) {
  Instance& instance = Instance::of(host);
  if (!instance.is(State::starting) && !instance.is(State::running)) return MORTISE_E_STATE;
  if (!extension || !hook) return MORTISE_E_INVALID;
  return as_status([&]() -> mortise_status_t {
    if (!instance.manifest.provides(extension)) return MORTISE_E_UNKNOWN;
    if (!instance.grants.has(extension)) return MORTISE_E_NOT_GRANTED;
    Attachment attachment;
    attachment.instance = &instance;
    attachment.extension = extension;
    if (const auto status = read_wish(instance, how, attachment); status != MORTISE_OK) return status;
    if (attachment.extension == MORTISE_RELOAD || attachment.extension == MORTISE_CONTROL)
      return MORTISE_E_UNKNOWN;
    if (attachment.extension == MORTISE_STORE) instance.has_attached_store = true;
    std::optional<LogRing::Sink> sink;
    if (attachment.extension == MORTISE_LOG_SINK) sink = sink_of(instance, attachment);
    hook->id = instance.in.board.add(std::move(attachment));
    if (sink) instance.in.log.add(hook->id, std::move(*sink));
    return MORTISE_OK;
  });
}

mortise_status_t change(const mortise_host_t* host, mortise_hook_t hook, const mortise_attach_t* how) {
  Instance& instance = Instance::of(host);
  if (!instance.is(State::starting) && !instance.is(State::running)) return MORTISE_E_STATE;
  return as_status([&]() -> mortise_status_t {
    std::optional<Attachment> attachment = instance.in.board.find(instance, hook.id);
    if (!attachment) return MORTISE_E_UNKNOWN;
    if (const auto status = read_wish(instance, how, *attachment); status != MORTISE_OK) return status;
    if (attachment->extension == MORTISE_LOG_SINK) {
      LogRing::Sink sink = sink_of(instance, *attachment);
      instance.in.log.change(hook.id, sink.levels, std::move(sink.unwanted));
    }
    instance.in.board.change(instance, hook.id, [&](Attachment& one) { one = *attachment; });
    return MORTISE_OK;
  });
}

mortise_status_t detach(const mortise_host_t* host, mortise_hook_t hook, mortise_done_fn done,
                        void* context) {
  Instance& instance = Instance::of(host);
  if (!instance.is(State::running)) return MORTISE_E_STATE;
  return as_status([&]() -> mortise_status_t {
    const std::optional<Attachment> attachment = instance.in.board.find(instance, hook.id);
    if (!attachment) return MORTISE_E_UNKNOWN;
    if (attachment->extension == MORTISE_STORE) return MORTISE_E_INVALID;  // the broker stands on it
    std::function<void()> told;
    if (done)
      told = [&instance, done, context] {
        instance.strand.post_always([&instance, done, context] {
          instance.guarded("hooks.done", [&] { done(context, MORTISE_OK, 0); });
        });
      };
    if (attachment->extension == MORTISE_LOG_SINK) instance.in.log.remove(hook.id);
    instance.in.board.remove(instance, hook.id, std::move(told));
    instance.in.wake_loops();
    return MORTISE_OK;
  });
}

constexpr mortise_hooks_t table{sizeof table, 0, &attach, &change, &detach};

}  // namespace

const mortise_hooks_t& hooks_service() { return table; }

}  // namespace mortise::host
