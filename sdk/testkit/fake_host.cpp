#include "testkit/fake_host.hpp"

#include <algorithm>

namespace mortise::test {
namespace {

const Json* json(const mortise_node_t* node) { return reinterpret_cast<const Json*>(node); }

std::uint32_t type_of(const Json* of) {
  if (!of || of->is_null()) return MORTISE_NODE_NULL;
  if (of->is_boolean()) return MORTISE_NODE_BOOLEAN;
  if (of->is_number_integer()) return MORTISE_NODE_INTEGER;
  if (of->is_number()) return MORTISE_NODE_FLOAT;
  if (of->is_string()) return MORTISE_NODE_STRING;
  return of->is_array() ? MORTISE_NODE_LIST : MORTISE_NODE_MAP;
}

template <class Value>
mortise_status_t get(const mortise_node_t* node, bool fits, Value* out, auto read) {
  if (!node) return MORTISE_E_UNKNOWN;
  if (!fits) return MORTISE_E_INVALID;
  *out = static_cast<Value>(read(*json(node)));
  return MORTISE_OK;
}

// A number with one of these units, as the real host reads it; without one a whole number will do, too.
mortise_status_t amount(const mortise_node_t* node, std::uint64_t* out,
                        const std::map<std::string, std::uint64_t>& units) {
  if (!node) return MORTISE_E_UNKNOWN;
  const Json& value = *json(node);
  const std::string text = value.is_string()           ? value.get<std::string>()
                           : value.is_number_integer() ? value.dump()
                                                       : "";
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto unit = units.find(text.substr(digits));
  if (digits == 0 || unit == units.end()) return MORTISE_E_INVALID;
  *out = std::stoull(text.substr(0, digits)) * unit->second;
  return MORTISE_OK;
}

mortise_config_t config_table() {
  mortise_config_t out{};
  out.size = sizeof out;
  out.at = [](const mortise_node_t* from, const char* pointer) -> const mortise_node_t* {
    const Json::json_pointer place{pointer};
    return json(from)->contains(place) ? node((*json(from))[place]) : nullptr;
  };
  out.type = [](const mortise_node_t* at) { return type_of(json(at)); };
  out.count = [](const mortise_node_t* at) -> std::size_t {
    return at && json(at)->is_structured() ? json(at)->size() : 0;
  };
  out.item = [](const mortise_node_t* at, std::size_t index, mortise_str_t* key) -> const mortise_node_t* {
    if (index >= json(at)->size()) return nullptr;
    const auto entry = std::next(json(at)->begin(), static_cast<std::ptrdiff_t>(index));
    if (json(at)->is_object() && key) *key = lend(entry.key());
    return node(*entry);
  };
  out.boolean = [](const mortise_node_t* at, std::uint8_t* to) {
    return get(at, type_of(json(at)) == MORTISE_NODE_BOOLEAN, to,
               [](auto& of) { return of.template get<bool>(); });
  };
  out.integer = [](const mortise_node_t* at, std::int64_t* to) {
    return get(at, type_of(json(at)) == MORTISE_NODE_INTEGER, to,
               [](auto& of) { return of.template get<std::int64_t>(); });
  };
  out.number = [](const mortise_node_t* at, double* to) {
    return get(at, at && json(at)->is_number(), to, [](auto& of) { return of.template get<double>(); });
  };
  out.string = [](const mortise_node_t* at, mortise_str_t* to) {
    return get(at, type_of(json(at)) == MORTISE_NODE_STRING, to,
               [](auto& of) { return lend(of.template get_ref<const std::string&>()); });
  };
  out.duration = [](const mortise_node_t* at, std::uint64_t* to) {
    return amount(at, to,
                  {{"ms", 1'000'000},
                   {"s", 1'000'000'000},
                   {"m", 60'000'000'000},
                   {"h", 3'600'000'000'000},
                   {"d", 86'400'000'000'000}});
  };
  out.bytes = [](const mortise_node_t* at, std::uint64_t* to) {
    return amount(at, to, {{"", 1}, {"KiB", 1ULL << 10}, {"MiB", 1ULL << 20}, {"GiB", 1ULL << 30}});
  };
  return out;
}

std::string field_text(const mortise_field_t& field) {
  const std::string value = field.type == MORTISE_FIELD_TEXT      ? copy(field.text)
                            : field.type == MORTISE_FIELD_INTEGER ? std::to_string(field.number.integer)
                            : field.type == MORTISE_FIELD_FLOAT   ? std::to_string(field.number.real)
                                                                  : std::to_string(field.number.natural);
  return " " + copy(field.key) + "=" + value;
}

// What an attachment says, without its number.
Attached made_of(const char* extension, const mortise_attach_t& how) {
  Attached out{extension, {}, {how.kinds, how.kinds + how.kind_count}, 0, how.deadline_ms};
  for (std::size_t i = 0; i < how.filter_count; ++i) out.filters.push_back(copy(how.filters[i]));
  return out;
}

}  // namespace

FakeHost::FakeHost() {
  set_host();
  set_messages();
  set_hooks();
  set_metrics();
  config_ = config_table();
  log_ = {sizeof log_, 0, [](const mortise_host_t* host) { return of(host).log_level; },
          [](const mortise_host_t* host, const mortise_log_event_t* line) {
            std::string text = copy(line->event);
            for (std::size_t i = 0; i < line->field_count; ++i) text += field_text(line->fields[i]);
            of(host).lines.push_back(text);
          }};
  time_ = {sizeof time_,
           0,
           [](const mortise_host_t* host) { return of(host).monotonic_ns; },
           [](const mortise_host_t*) -> std::uint64_t { return 8; },
           [](const mortise_host_t* host, std::uint64_t, std::uint64_t period, mortise_work_fn fn,
              void* context, mortise_timer_t* timer) -> mortise_status_t {
             timer->id = ++of(host).last_handle_;
             of(host).timers_[timer->id] = {fn, context, period != 0};
             return MORTISE_OK;
           },
           [](const mortise_host_t* host, mortise_timer_t timer) -> mortise_status_t {
             return of(host).timers_.erase(timer.id) ? MORTISE_OK : MORTISE_E_UNKNOWN;
           }};
  const auto send = [](const mortise_host_t* host, mortise_work_fn fn, void* context) -> mortise_status_t {
    if (of(host).work_status == MORTISE_OK) of(host).strand.push_back([=] { fn(context); });
    return of(host).work_status;
  };
  work_ = {sizeof work_, 0, send, send};
  publisher_ = {sizeof publisher_, 0,
                [](const mortise_host_t* host, mortise_message_t* message,
                   const mortise_publish_t* how) -> mortise_status_t {
                  of(host).published.emplace_back(message->topic, how->level);
                  of(host).payloads.push_back(message->payload);
                  if (how->done)
                    of(host).strand.push_back([done = how->done, context = how->context, level = how->level] {
                      done(context, MORTISE_OK, level);
                    });
                  return MORTISE_OK;
                }};
  ledger_ = {
      sizeof ledger_, 0,
      [](const mortise_host_t* host, const char* name, const char*, std::uint32_t* loss) -> mortise_status_t {
        std::vector<std::string>& reasons = of(host).losses;
        auto found = std::ranges::find(reasons, name);
        if (found == reasons.end()) {
          if (reasons.size() >= 128) return MORTISE_E_LIMIT;
          found = reasons.insert(found, name);
        }
        *loss = static_cast<std::uint32_t>(found - reasons.begin() + 1);
        return MORTISE_OK;
      },
      [](const mortise_host_t*, std::uint32_t, std::uint64_t, std::uint64_t) {}};
  tables_ = {{MORTISE_HOST_CONFIG, &config_},     {MORTISE_HOST_LOG, &log_},
             {MORTISE_HOST_TIME, &time_},         {MORTISE_HOST_HOOKS, &hooks_},
             {MORTISE_HOST_WORK, &work_},         {MORTISE_HOST_MESSAGES, &messages_},
             {MORTISE_HOST_PUBLISH, &publisher_}, {MORTISE_HOST_LEDGER, &ledger_},
             {MORTISE_HOST_METRICS, &metrics_}};
}

void FakeHost::set_folders(const std::string& config_dir, const std::string& state_dir) {
  config_dir_ = config_dir;
  state_dir_ = state_dir;
  host_.config_dir = lend(config_dir_);
  host_.state_dir = lend(state_dir_);
}

void FakeHost::set_hooks() {
  hooks_.size = sizeof hooks_;
  hooks_.attach = [](const mortise_host_t* host, const char* extension, const mortise_attach_t* how,
                     mortise_hook_t* hook) -> mortise_status_t {
    hook->id = ++of(host).last_handle_;
    of(host).attached.push_back(how ? made_of(extension, *how) : Attached{extension, {}, {}, 0, 0});
    of(host).attached.back().hook = hook->id;
    return MORTISE_OK;
  };
  hooks_.change = [](const mortise_host_t* host, mortise_hook_t hook,
                     const mortise_attach_t* how) -> mortise_status_t {
    const auto found = std::ranges::find(of(host).attached, hook.id, &Attached::hook);
    if (found == of(host).attached.end()) return MORTISE_E_UNKNOWN;
    *found = made_of(std::string{found->extension}.c_str(), *how);
    found->hook = hook.id;
    return MORTISE_OK;
  };
  hooks_.detach = [](const mortise_host_t* host, mortise_hook_t hook, mortise_done_fn,
                     void*) -> mortise_status_t {
    return std::erase_if(of(host).attached, [&](const Attached& each) { return each.hook == hook.id; }) > 0
               ? MORTISE_OK
               : MORTISE_E_UNKNOWN;
  };
}

void FakeHost::set_metrics() {
  metrics_.size = sizeof metrics_;
  metrics_.define = [](const mortise_host_t* host, const mortise_metric_view_t* what,
                       mortise_metric_t* metric) -> mortise_status_t {
    Metered made{what->kind, copy(what->name), copy(what->help)};
    for (std::size_t i = 0; i < what->label_count; ++i)
      made.labels.emplace_back(copy(what->labels[i].name), copy(what->labels[i].value));
    made.bounds.assign(what->bounds, what->bounds + what->bound_count);
    made.buckets.resize(made.bounds.size() + 1);
    made.instance = copy(host->instance);
    auto& all = of(host).metrics;
    const auto is_same = [&](const Metered& one) {
      return one.name == made.name && one.labels == made.labels && one.instance == made.instance;
    };
    const auto found = std::ranges::find_if(all, is_same);
    metric->id = static_cast<std::uint64_t>(found - all.begin()) + 1;
    if (found == all.end()) all.push_back(made);
    return MORTISE_OK;
  };
  metrics_.add = [](const mortise_host_t* host, mortise_metric_t metric, double by) {
    of(host).metrics[metric.id - 1].value += by;
  };
  metrics_.set = [](const mortise_host_t* host, mortise_metric_t metric, double value) {
    of(host).metrics[metric.id - 1].value = value;
  };
  metrics_.observe = [](const mortise_host_t* host, mortise_metric_t metric, double value) {
    Metered& one = of(host).metrics[metric.id - 1];
    one.value += value;
    ++one.buckets[static_cast<std::size_t>(std::ranges::lower_bound(one.bounds, value) - one.bounds.begin())];
  };
  metrics_.read = [](const mortise_host_t* host, mortise_metric_fn fn, void* context) -> mortise_status_t {
    for (const Metered& one : of(host).metrics) {
      std::vector<mortise_label_t> labels;
      for (const auto& [name, value] : one.labels) labels.push_back({lend(name), lend(value)});
      mortise_metric_view_t view{};
      view.size = sizeof view;
      view.kind = one.kind;
      view.name = lend(one.name);
      view.help = lend(one.help);
      view.labels = labels.data();
      view.label_count = labels.size();
      view.bounds = one.bounds.data();
      view.bound_count = one.bounds.size();
      if (!one.instance.empty()) view.instance = lend(one.instance);
      view.value = one.value;
      for (const std::uint64_t in_bucket : one.buckets) view.count += in_bucket;
      view.buckets = one.buckets.data();
      fn(context, &view);
    }
    return MORTISE_OK;
  };
}

double FakeHost::metered(const std::string& what) const {
  for (const Metered& one : metrics) {
    std::string key = one.name;
    for (const auto& [name, value] : one.labels) key += (key == one.name ? "{" : ",") + name + '=' + value;
    if (!one.labels.empty()) key += '}';
    if (key == what) return one.value;
  }
  return 0;
}

void FakeHost::set_host() {
  host_.size = sizeof host_;
  host_.abi_major = MORTISE_ABI_MAJOR;
  host_.context = this;
  host_.instance = lend("sample");
  host_.service = [](const mortise_host_t* host, const char* id, const void** table) -> mortise_status_t {
    const auto found = of(host).tables_.find(id);
    if (found == of(host).tables_.end()) return MORTISE_E_UNKNOWN;
    if (std::ranges::find(of(host).withheld, id) != of(host).withheld.end()) return MORTISE_E_NOT_GRANTED;
    *table = found->second;
    return MORTISE_OK;
  };
  host_.reply = [](mortise_call_t* call, mortise_answer_t answer,
                   const mortise_verdict_t* verdict) -> mortise_answer_t {
    auto& self = *static_cast<FakeHost*>(call->context);
    self.replies.push_back(read(answer, verdict, self));
    return MORTISE_REPLIED;
  };
  host_.defer = [](mortise_call_t* call, std::uint32_t, mortise_token_t* token) -> mortise_status_t {
    auto& self = *static_cast<FakeHost*>(call->context);
    if (self.defer_status == MORTISE_OK) token->id = self.last_token_ = ++self.last_handle_;
    return self.defer_status;
  };
  host_.answer = [](const mortise_host_t* host, mortise_token_t token, mortise_answer_t answer,
                    const mortise_verdict_t* verdict) -> mortise_status_t {
    const Said said = read(answer, verdict, of(host));
    return of(host).late.emplace(token.id, said).second ? MORTISE_OK : MORTISE_E_LATE;
  };
  host_.fault = [](const mortise_host_t* host, mortise_str_t where, mortise_str_t text) {
    of(host).faults.push_back(copy(where) + ": " + copy(text));
  };
  report_ = {
      sizeof report_, 0, this, [](const mortise_report_t* report, const mortise_finding_t* found) {
        std::string text = (found->level < MORTISE_ERROR ? "warning: " : "") + copy(found->json_pointer) +
                           "|" + copy(found->text) + "|" + copy(found->remedy) + "|";
        if (found->file.data && found->file.size)
          text += copy(found->file) + ":" + std::to_string(found->line) + ":" + std::to_string(found->column);
        static_cast<FakeHost*>(report->context)->findings.push_back(text);
      }};
}

void FakeHost::set_messages() {
  messages_.size = sizeof messages_;
  messages_.ref = [](const mortise_host_t* host, const mortise_message_view_t* view) -> mortise_message_t* {
    auto* made = new mortise_message{copy(view->topic), copy(view->payload)};
    made->view = *view;
    made->view.topic = lend(made->topic);
    made->view.payload = lend_bytes(made->payload);
    ++of(host).live_messages;
    return made;
  };
  messages_.unref = [](const mortise_host_t* host, mortise_message_t* message) {
    if (message && --message->references == 0) {
      delete message;
      --of(host).live_messages;
    }
  };
  messages_.view = [](const mortise_host_t*, mortise_message_t* message) -> const mortise_message_view_t* {
    return &message->view;
  };
  messages_.make = [](const mortise_host_t* host, const mortise_message_view_t* base,
                      const mortise_edit_t* edit, mortise_message_t** out) -> mortise_status_t {
    mortise_message_view_t view = base ? *base : mortise_message_view_t{};
    if (edit->set & MORTISE_SET_TOPIC) view.topic = edit->topic;
    if (edit->set & MORTISE_SET_PAYLOAD) view.payload = edit->payload;
    if (edit->set & MORTISE_SET_QOS) view.qos = edit->qos;
    if (copy(view.topic).find('#') != std::string::npos) return MORTISE_E_INVALID;
    *out = of(host).messages_.ref(host, &view);
    return MORTISE_OK;
  };
  // User Properties are all these tests have in their bytes.
  messages_.next = [](mortise_bytes_t wire, std::size_t* cursor,
                      mortise_property_t* out) -> mortise_status_t {
    if (*cursor == wire.size) return MORTISE_E_END;
    const std::uint8_t* at = wire.data + *cursor;
    if (at[0] != 0x26) return MORTISE_E_INVALID;
    const std::size_t name = at[1] * 256u + at[2];
    const std::size_t value = at[3 + name] * 256u + at[4 + name];
    *out = {0x26, MORTISE_PROPERTY_PAIR,  {},
            0,    {at + 5 + name, value}, {reinterpret_cast<const char*>(at + 3), name}};
    *cursor += 5 + name + value;
    return MORTISE_OK;
  };
  messages_.matches = [](mortise_str_t filter, mortise_str_t topic) -> std::int32_t {
    return copy(filter) == copy(topic) ? 1 : copy(filter).empty() ? MORTISE_E_INVALID : 0;
  };
}

Said FakeHost::read(mortise_answer_t answer, const mortise_verdict_t* verdict, FakeHost& host) {
  Said out;
  out.answer = answer;
  if (!verdict) return out;
  out.reason_code = verdict->reason_code;
  out.reason_string = copy(verdict->reason_string);
  out.rule = copy(verdict->rule);
  out.client_data = verdict->client_data;
  out.loss = verdict->loss;
  if (MORTISE_HAS(verdict, data)) out.data = copy(verdict->data);
  if (MORTISE_HAS(verdict, remedy)) out.remedy = copy(verdict->remedy);
  if (verdict->identity) out.username = copy(verdict->identity->username);
  for (std::size_t i = 0; i < verdict->message_count; ++i) {
    out.topic = verdict->messages[i]->topic;
    host.messages_.unref(&host.host_, verdict->messages[i]);
  }
  return out;
}

void FakeHost::ring_timers() {
  for (const auto& [id, timer] : std::map{timers_}) {
    if (!timers_.contains(id)) continue;
    if (!timer.repeats) timers_.erase(id);
    timer.fn(timer.context);
  }
}

void FakeHost::run_strand() {
  for (std::size_t bound = 0; bound < 1000 && !strand.empty(); ++bound) {
    const auto next = std::move(strand.front());
    strand.pop_front();
    next();
  }
}

}  // namespace mortise::test
