#include "writer.hpp"

#include <array>
#include <chrono>
#include <system_error>
#include <utility>

#include "socket_sink.hpp"

namespace mortise::log {

namespace {

constexpr std::string_view own_category = "log";

mortise_log_event_t own_event(std::int32_t level, std::string_view name, std::string_view text,
                              std::uint64_t unix_ns, std::span<const field> fields) {
  mortise_log_event_t out{};
  out.size = sizeof out;
  out.level = level;
  out.unix_ns = unix_ns;
  out.source = str(own_category);
  out.event = str(name);
  out.text = str(text);
  out.fields = fields.data();
  out.field_count = fields.size();
  return out;
}

}  // namespace

Writer::Writer(const std::vector<SinkSettings>& settings, std::optional<RepeatSettings> repeats)
    : repeat_settings_{repeats} {
  for (const SinkSettings& each : settings) sinks_.push_back(open(each));
}

Writer::Sink Writer::open(const SinkSettings& settings) {
  Sink out;
  out.settings = settings;
  using Kind = SinkSettings::Kind;
  out.clock = settings.kind == Kind::console ? Clock::time_of_day : Clock::date_and_time;
  auto formatter = std::make_unique<LineFormatter>(width_of(out.clock));
  try {
    switch (settings.kind) {
      case Kind::console: out.out = open_console(std::move(formatter)); break;
      case Kind::file: out.out = FileSink::open(settings.path, settings.rotate, std::move(formatter)); break;
      case Kind::syslog:
        out.out = std::make_unique<SocketSink>(settings.path, SocketSink::TooLong::cut);
        break;
      case Kind::journald:
        out.out = std::make_unique<SocketSink>(settings.path, SocketSink::TooLong::in_memory_file);
    }
  } catch (const std::system_error& failed) {
    if (failed.code() == std::errc::invalid_argument && settings.rotate)
      throw finding{settings.pointer + "/rotate", settings.path + " is no regular file and cannot be rotated",
                    "remove rotate, or give the path of a file"};
    throw finding{settings.pointer + "/path",
                  "cannot write " + settings.path + ": " + failed.code().message()};
  }
  out.counted = dynamic_cast<Counted*>(out.out.get());
  out.file = dynamic_cast<FileSink*>(out.out.get());
  return out;
}

void Writer::follow(const Writer& forerunner) {
  for (Sink& mine : sinks_)
    for (const Sink& before : forerunner.sinks_)
      if (before.settings.kind == mine.settings.kind && before.settings.path == mine.settings.path)
        mine.losses = before.losses;
  repeats_ = forerunner.repeats_;
}

void Writer::put(Sink& sink, const mortise_log_event_t& event) {
  if (sink.settings.wants(event)) log_to(sink, event);
}

std::string Writer::line_for(const Sink& sink, const mortise_log_event_t& event) {
  const SinkSettings& settings = sink.settings;
  switch (settings.kind) {
    case SinkSettings::Kind::syslog: return syslog_datagram(event, settings.origin, settings.format);
    case SinkSettings::Kind::journald: return journal_datagram(event, settings.origin);
    default: return settings.format == Format::json ? json_line(event) : text_line(event, sink.clock);
  }
}

void Writer::log_to(Sink& sink, const mortise_log_event_t& event) {
  const std::string line = line_for(sink, event);
  const std::chrono::nanoseconds made{event.unix_ns};
  sink.out->log({spdlog::log_clock::time_point{made}, {}, {}, level_for_spdlog(event.level), line});
}

void Writer::put_suppressed(const mortise_log_event_t& next) {
  const std::array fields{field{"lines", next.suppressed}};
  const auto lost = own_event(MORTISE_WARNING, "log.suppressed",
                              "lines were lost here: more came than could be written", next.unix_ns, fields);
  for (Sink& sink : sinks_) put(sink, lost);
}

// A line of its own write, so that it is known whether it arrived. Not put(): at every level.
void Writer::tell_losses(Sink& sink, std::uint64_t unix_ns) {
  Losses& losses = *sink.losses;
  const std::array fields{field{"lines", losses.lines}, field{"error", losses.error}};
  const auto lost = own_event(MORTISE_ERROR, "log.recovered",
                              "lines were lost here: they could not be written", unix_ns, fields);
  log_to(sink, lost);
  sink.out->flush();
  if (sink.counted->take_lost().lines > 0) return;
  news_.push_back({News::What::recovered, &sink, std::exchange(losses.lines, 0), {}});
}

void Writer::count_losses(Sink& sink) {
  if (!sink.counted) return;
  if (sink.file)
    if (std::string why = sink.file->take_rotation_fault(); !why.empty())
      news_.push_back({News::What::not_rotated, &sink, 0, std::move(why)});
  Lost lost = sink.counted->take_lost();
  if (lost.lines == 0) return;
  Losses& losses = *sink.losses;
  if (losses.lines == 0) news_.push_back({News::What::failed, &sink, 0, lost.error});
  losses.lines += lost.lines;
  losses.error = std::move(lost.error);
}

void Writer::tell(const News& news, std::uint64_t unix_ns) {
  using What = News::What;
  const std::array fields{field{"sink", news.about->name()}, news.what == What::recovered
                                                                 ? field{"lines", news.lost_lines}
                                                                 : field{"error", news.error}};
  const auto told =
      news.what == What::failed
          ? own_event(MORTISE_ERROR, "log.failed",
                      "the log cannot be written; make room, or mend what the error says", unix_ns, fields)
      : news.what == What::recovered
          ? own_event(MORTISE_NOTICE, "log.recovered", "the log can be written again", unix_ns, fields)
          : own_event(MORTISE_ERROR, "log.not_rotated",
                      "the log cannot be rotated and grows on; mend what the error says", unix_ns, fields);
  bool is_on_console = false;
  for (Sink& sink : sinks_) {
    if (&sink == news.about && news.what != What::not_rotated) continue;
    put(sink, told);
    is_on_console |= sink.settings.kind == SinkSettings::Kind::console && sink.settings.wants(told);
  }
  // Where a file is all there is, nobody would know.
  const bool is_console = news.about->settings.kind == SinkSettings::Kind::console;
  if (news.what == What::failed && !is_on_console && !is_console)
    say_on_stderr(text_line(told, Clock::time_of_day));
}

// What one sink could not write, or can again, the others say. Such a line that is lost itself is not
// counted: it is none of the broker's.
void Writer::tell_news(std::uint64_t unix_ns) {
  for (const News& each : news_) tell(each, unix_ns);
  if (news_.empty()) return;
  news_.clear();
  for (Sink& sink : sinks_) {
    sink.out->flush();
    if (sink.counted) sink.counted->take_lost();
  }
}

void Writer::take_levels(const std::vector<SinkSettings>& sinks) {
  for (std::size_t i = 0; i < sinks_.size() && i < sinks.size(); ++i) {
    sinks_[i].settings.levels = sinks[i].levels;
    sinks_[i].settings.clients = sinks[i].clients;
  }
}

bool Writer::is_hidden(const mortise_log_event_t& event) {
  if (!repeat_settings_) return false;
  for (const Sink& sink : sinks_)
    if (sink.settings.names_client(event)) return false;
  return repeats_->hides(event, *repeat_settings_, tell_repeated_);
}

void Writer::write(std::span<const mortise_log_event_t* const> events) {
  if (events.empty()) return;
  const std::uint64_t unix_ns = events.front()->unix_ns;
  for (Sink& sink : sinks_)
    if (sink.losses->lines > 0) tell_losses(sink, unix_ns);
  for (const mortise_log_event_t* event : events) {
    if (event->suppressed > 0) put_suppressed(*event);
    tell_due(event->unix_ns);
    const bool hidden = is_hidden(*event);
    for (Sink& sink : sinks_)
      if (!hidden || sink.settings.audit) put(sink, *event);  // an audit has every line
  }
  settle(unix_ns);
}

void Writer::tell_due(std::uint64_t unix_ns) {
  const std::chrono::nanoseconds within{repeat_settings_ ? repeat_settings_->within.count() : 0};
  repeats_->tell_due(unix_ns, within, tell_repeated_);
}

void Writer::settle(std::uint64_t unix_ns) {
  for (Sink& sink : sinks_) {
    sink.out->flush();
    count_losses(sink);
  }
  tell_news(unix_ns);
}

void Writer::on_time(std::uint64_t unix_ns) {
  tell_due(unix_ns);
  settle(unix_ns);
}

void Writer::flush() {
  repeats_->tell_all(tell_repeated_);
  for (Sink& sink : sinks_) sink.out->flush();
}

}  // namespace mortise::log
