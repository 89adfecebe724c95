#include "host/log_line.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <ctime>

#include "host/abi_text.hpp"
#include "host/alarm_clock.hpp"

namespace mortise::host {

namespace {

constexpr std::array<std::string_view, 6> level_names{"", "debug", "info", "notice", "warning", "error"};

mortise_field_t text_field(std::string_view key, std::string_view text) {
  mortise_field_t field{};
  field.key = abi_str(key);
  field.type = MORTISE_FIELD_TEXT;
  field.text = abi_str(text);
  return field;
}

std::string value_text(const mortise_field_t& field) {
  switch (field.type) {
    case MORTISE_FIELD_INTEGER: return std::to_string(field.number.integer);
    case MORTISE_FIELD_UNSIGNED: return std::to_string(field.number.natural);
    case MORTISE_FIELD_FLOAT: return std::to_string(field.number.real);
    case MORTISE_FIELD_BOOLEAN: return field.number.natural ? "true" : "false";
    default: return std::string{view_of(field.text)};
  }
}

}  // namespace

LogLine::LogLine(std::int32_t level, std::uint64_t unix_ns, std::string_view source, std::string_view event,
                 std::string_view text, std::span<const mortise_field_t> fields) {
  size_ = source.size() + event.size() + text.size();
  std::size_t known = 0;
  for (const mortise_field_t& field : fields)
    if (field.type >= MORTISE_FIELD_TEXT && field.type <= MORTISE_FIELD_BOOLEAN) {
      size_ +=
          view_of(field.key).size() + (field.type == MORTISE_FIELD_TEXT ? view_of(field.text).size() : 0);
      ++known;
    }
  bytes_ = std::make_unique_for_overwrite<char[]>(size_);
  char* at = bytes_.get();
  const auto copy = [&at](std::string_view from) {
    const mortise_str_t copied{at, from.size()};
    if (!from.empty()) std::memcpy(at, from.data(), from.size());
    at += from.size();
    return copied;
  };
  event_.size = sizeof event_;
  event_.level = std::clamp<std::int32_t>(level, MORTISE_DEBUG, MORTISE_ERROR);
  event_.unix_ns = unix_ns;
  event_.source = copy(source);
  event_.event = copy(event);
  event_.text = copy(text);
  fields_.reserve(known);
  for (const mortise_field_t& field : fields) {
    if (field.type < MORTISE_FIELD_TEXT || field.type > MORTISE_FIELD_BOOLEAN) continue;
    mortise_field_t& kept = fields_.emplace_back(field);
    kept.key = copy(view_of(field.key));
    kept.text = field.type == MORTISE_FIELD_TEXT ? copy(view_of(field.text)) : mortise_str_t{};
  }
  event_.fields = fields_.data();
  event_.field_count = fields_.size();
}

mortise_log_event_t LogLine::abi(std::uint64_t suppressed) const {
  mortise_log_event_t event = event_;
  event.suppressed = suppressed;
  return event;
}

std::string LogLine::plain() const {
  const auto seconds = static_cast<std::time_t>(event_.unix_ns / 1'000'000'000);
  std::tm local{};
  ::localtime_r(&seconds, &local);
  std::array<char, 32> time{};
  std::strftime(time.data(), time.size(), "%H:%M:%S", &local);
  std::array<char, 64> head{};
  std::snprintf(head.data(), head.size(), "%s.%03u %-7s ", time.data(),
                static_cast<unsigned>(event_.unix_ns / 1'000'000 % 1000),
                std::string{level_names[static_cast<std::size_t>(event_.level)]}.c_str());
  std::string line = head.data() + std::string{source()} + "  " + std::string{view_of(event_.text)};
  for (const mortise_field_t& field : fields_)
    line += ' ' + std::string{view_of(field.key)} + '=' + value_text(field);
  for (char& c : line)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
  return line;
}

LogLineRef make_line(broker::LogLevel level, std::string_view category, std::string_view event,
                     std::string_view text, const broker::ClientFacts* client,
                     std::span<const broker::Log::Field> fields) {
  std::array<mortise_field_t, 24> all;
  std::size_t count = 0;
  for (const auto& field : fields)
    if (count < all.size() - 4) all[count++] = text_field(field.key, field.text);
  if (client) {
    all[count++] = text_field("client", client->client_id);
    if (!client->username.empty()) all[count++] = text_field("user", client->username);
    if (!client->address.empty()) all[count++] = text_field("address", client->address);
    if (client->listener) all[count++] = text_field("listener", client->listener->name);
  }
  return std::make_shared<const LogLine>(
      static_cast<std::int32_t>(level) + 1,
      static_cast<std::uint64_t>(machine_wall_now().time_since_epoch().count()), category, event, text,
      std::span{all}.first(count));
}

}  // namespace mortise::host
