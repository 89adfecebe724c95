// Topic names and topic filters: what is well-formed, what matches.
//
// Cost: one pass, no allocation.   Source: MQTT 5.0 §4.7.
#pragma once

#include <cstddef>
#include <string_view>

namespace mortise::mqtt {

inline constexpr std::size_t topic_size_max = 65'535;  // bytes, of a name or filter  [MQTT-4.7.3-3]

// Not empty, no wildcard, no U+0000, at most 65,535 bytes. UTF-8 is decode's business.  [MQTT-3.3.2-2]
// [MQTT-4.7.3-1]
bool is_topic_name(std::string_view topic);

// Wildcards only where a whole level stands, '#' only last.  [MQTT-4.7.1-1] [MQTT-4.7.1-2]
bool is_topic_filter(std::string_view filter);

bool has_wildcard(std::string_view filter);

// Whether one look has shown that it is UTF-8 as MQTT wants it and has no wildcard: it is ASCII, and not very
// short. False says nothing.
bool is_plain_topic(std::string_view topic);

// $share/{share name}/{filter}: the parts. `share` is empty when the filter is not a shared one. A filter
// that begins with $share/ and is not well-formed has valid = false.  [MQTT-4.8.2-1] [MQTT-4.8.2-2]
struct SharedFilter {
  bool shared = false;
  bool valid = true;
  std::string_view share{};
  std::string_view filter{};
};
SharedFilter split_shared(std::string_view filter);

// Both must be well-formed.  [MQTT-4.7.2-1]: a leading wildcard does not match topics that begin with '$'.
bool matches(std::string_view filter, std::string_view topic);

// Whether `wider` matches every topic name that `filter` does. Both are well-formed.
bool covers(std::string_view wider, std::string_view filter);

// Levels from left to right; "a//b" has three, the middle one empty.
class Levels {
 public:
  explicit Levels(std::string_view topic) : rest_{topic} {}
  bool done() const { return done_; }
  std::string_view next() {
    const std::size_t slash = rest_.find('/');
    const std::string_view level = rest_.substr(0, slash);
    if (slash == std::string_view::npos)
      done_ = true;
    else
      rest_.remove_prefix(slash + 1);
    return level;
  }

 private:
  std::string_view rest_;
  bool done_ = false;
};

std::size_t level_count(std::string_view topic);

}  // namespace mortise::mqtt
