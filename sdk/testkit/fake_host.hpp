// A host without a broker: records what a plugin says and calls it back when a test says so. It checks no
// grant, schema or deadline: what a plugin is asked and told here, the real host asks and tells it, too.
//
// Thread: the test's.   Owns: everything it hands out; a test sees what was not given back in live_messages.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "mortise/draft/store_service.h"
#include "mortise/plugin.h"

struct mortise_message {
  std::string topic;
  std::string payload;
  mortise_message_view_t view{};
  int references = 1;
};

namespace mortise::test {

using Json = nlohmann::ordered_json;

inline std::string copy(mortise_str_t text) {
  return text.data ? std::string{text.data, text.size} : std::string{};
}
inline std::string copy(mortise_bytes_t bytes) {
  return bytes.data ? std::string{reinterpret_cast<const char*>(bytes.data), bytes.size} : std::string{};
}
inline mortise_str_t lend(std::string_view text) { return {text.data(), text.size()}; }
inline mortise_bytes_t lend_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline const mortise_node_t* node(const Json& json) { return reinterpret_cast<const mortise_node_t*>(&json); }

// What an answer said, copied out of its verdict.
struct Said {
  mortise_answer_t answer = MORTISE_PASS;
  int reason_code = 0;
  std::string reason_string;
  std::string rule;
  std::string username;
  std::uint64_t client_data = 0;
  std::string topic;  // of the message that replaces
  std::uint32_t loss = 0;
  std::string data;  // JSON for an operator
  std::string remedy;
};

struct Attached {
  std::string extension;
  std::vector<std::string> filters;
  std::vector<std::uint16_t> kinds;
  std::uint64_t hook = 0;
  std::uint32_t deadline_ms = 0;
};

// A metric that was defined, with what it stands at; also what read() shows, whoever it was defined by.
struct Metered {
  std::uint32_t kind = MORTISE_COUNTER;
  std::string name;
  std::string help;
  std::vector<std::pair<std::string, std::string>> labels{};
  std::vector<double> bounds{};
  double value = 0;
  std::vector<std::uint64_t> buckets{};
  std::string instance{};  // empty: the kernel's
};

class FakeHost {
 public:
  FakeHost();
  FakeHost(const FakeHost&) = delete;
  FakeHost& operator=(const FakeHost&) = delete;

  const mortise_host_t* raw() { return &host_; }
  // Where a plugin's relative paths begin; before create().
  void set_folders(const std::string& config_dir, const std::string& state_dir);
  mortise_call_t call() { return {sizeof(mortise_call_t), 0, 1, this, nullptr}; }
  const mortise_report_t* report() { return &report_; }

  std::vector<std::string> withheld;   // ids of services that are not granted
  std::vector<Said> replies;           // through reply(), in order
  std::map<std::uint64_t, Said> late;  // through answer(), by token
  std::vector<std::string> findings;  // "pointer|text|remedy|file:line:column"; "warning: …" in front of one
  std::vector<std::string> faults;    // "where: text"
  std::vector<std::string> lines;     // "event key=value …"
  std::vector<std::string> losses;    // the ledger's reasons, in order of their numbers from 1
  std::vector<Attached> attached;
  std::deque<std::function<void()>> strand;
  std::vector<std::pair<std::string, std::uint32_t>> published;  // topic, level
  std::vector<std::string> payloads;                             // of what was published
  std::deque<Metered> metrics;                                   // a test may add others'
  std::int32_t log_level = MORTISE_DEBUG;
  std::uint64_t monotonic_ns = 7;  // what the clock says
  mortise_status_t defer_status = MORTISE_OK;
  mortise_status_t work_status = MORTISE_OK;
  int live_messages = 0;

  // Calls every timer that is on, once.
  void ring_timers();
  std::size_t timers_on() const { return timers_.size(); }
  void run_strand();
  // The id of the token that was given last.
  std::uint64_t last_token() const { return last_token_; }
  // What a metric stands at: "name", or "name{label=value,…}"; 0 when it is not there.
  double metered(const std::string& what) const;

 private:
  struct Timer {
    mortise_work_fn fn;
    void* context;
    bool repeats;
  };

  static FakeHost& of(const mortise_host_t* host) { return *static_cast<FakeHost*>(host->context); }
  static Said read(mortise_answer_t answer, const mortise_verdict_t* verdict, FakeHost& host);

  std::string config_dir_;
  std::string state_dir_;
  mortise_host_t host_{};
  mortise_report_t report_{};
  std::map<std::string, const void*> tables_;
  std::map<std::uint64_t, Timer> timers_;
  std::uint64_t last_handle_ = 0;
  std::uint64_t last_token_ = 0;

  void set_host();
  void set_messages();
  void set_hooks();
  void set_metrics();
  mortise_config_t config_{};
  mortise_log_t log_{};
  mortise_time_t time_{};
  mortise_hooks_t hooks_{};
  mortise_messages_t messages_{};
  mortise_work_t work_{};
  mortise_publisher_t publisher_{};
  mortise_ledger_t ledger_{};
  mortise_metrics_t metrics_{};
};

}  // namespace mortise::test
