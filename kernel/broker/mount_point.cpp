#include "broker/mount_point.hpp"

#include <algorithm>

#include "mqtt/topic.hpp"

namespace mortise::broker {

namespace {

bool is_one_level(std::string_view name) {
  return name.find('/') == std::string_view::npos && mqtt::is_topic_name(name);
}

}  // namespace

base::Result<std::string, NoPlace> mount_point_for(std::string_view pattern, std::string_view username,
                                                   std::string_view client_id) {
  using mqtt::ReasonCode;
  std::string prefix;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '%') {
      prefix += pattern[i];
      continue;
    }
    const bool is_user = pattern[++i] == 'u';
    const std::string_view name = is_user ? username : client_id;
    if (name.empty())
      return base::Failure{
          NoPlace{ReasonCode::not_authorized,
                  "this listener's mount point is by user, and the client has no user name"}};
    if (!is_one_level(name))
      return base::Failure{
          is_user
              ? NoPlace{ReasonCode::not_authorized,
                        "the user name cannot be a level of the mount point: it has '/', '+', '#' or U+0000"}
              : NoPlace{ReasonCode::client_identifier_not_valid,
                        "the client identifier cannot be a level of the mount point: it has '/', '+', '#' "
                        "or U+0000"}};
    prefix += name;
  }
  if (prefix.front() == '$')
    return base::Failure{NoPlace{ReasonCode::not_authorized, "the mount point would begin with '$'"}};
  // It stands before every filter of a packet that may have thousands.
  if (prefix.size() > mount_point_size_max)
    return base::Failure{NoPlace{ReasonCode::not_authorized, "the mount point would be over 1,024 bytes"}};
  return prefix;
}

bool has_place_for_each_user(std::string_view pattern) {
  return pattern.find("%u") != std::string_view::npos;
}

PatternFault mount_point_fault(std::string_view pattern) {
  if (!pattern.ends_with('/'))
    return {"does not end with a slash", "end it with one, so that no name runs into the topic behind it"};
  if (pattern.front() == '$') return {"begins with '$'", "begin it with a word"};
  if (!mqtt::is_topic_name(pattern)) return {"holds '+', '#' or U+0000", "name one place, without wildcards"};
  for (std::size_t at = 0; (at = pattern.find('%', at)) != std::string_view::npos; ++at)
    if (pattern[at + 1] != 'u' && pattern[at + 1] != 'c')
      return {"has a '%' that is neither %u nor %c", "%u is the user name, %c the client identifier"};
  for (std::size_t level = 0; level < pattern.size(); level = pattern.find('/', level) + 1) {
    const std::string_view text = pattern.substr(level, pattern.find('/', level) - level);
    if (std::count(text.begin(), text.end(), '%') > 1)
      return {"has two names in one level, so that those of different clients can look the same",
              "give each a level of its own"};
  }
  return {};
}

std::string mounted_filter(std::string_view mount_point, std::string_view filter) {
  const mqtt::SharedFilter parts = mqtt::split_shared(filter);
  if (!parts.valid || !mqtt::is_topic_filter(filter)) return std::string{filter};
  std::string whole;
  whole.reserve(mount_point.size() + filter.size());
  whole.append(filter.substr(0, filter.size() - parts.filter.size()));
  return whole.append(mount_point).append(parts.filter);
}

}  // namespace mortise::broker
