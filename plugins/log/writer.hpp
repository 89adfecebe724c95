// All sinks of an instance, and the word about lines that did not make it.
//
// Thread: write() and flush() on the strand; made, and told about its forerunner, before the strand sees it.
// Fails:  the constructor by a mortise::finding; afterwards never. A sink that cannot write loses its own
//         lines only: the others and standard error say so, and it says how many once it can write again.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "settings.hpp"
#include "sink.hpp"

namespace mortise::log {

class Writer {
 public:
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // Opens every file. Without `repeats` every line is written.
  explicit Writer(const std::vector<SinkSettings>& settings, std::optional<RepeatSettings> repeats = {});

  // Goes on with what the sinks on the same paths have lost and not yet told, and with what is being counted.
  void follow(const Writer& forerunner);

  // Other levels and clients for the same sinks, in the same order.
  void take_levels(const std::vector<SinkSettings>& sinks);

  void write(std::span<const mortise_log_event_t* const> events);
  // Tells of repeated lines whose time is over at `unix_ns`.
  void on_time(std::uint64_t unix_ns);
  // Tells of them all.
  void flush();

 private:
  // What a sink has lost and told nobody of, so that it outlives a reload.
  struct Losses {
    std::uint64_t lines = 0;
    std::string error;
  };
  struct Sink {
    SinkSettings settings;
    Clock clock = Clock::date_and_time;
    std::unique_ptr<spdlog::sinks::sink> out;
    Counted* counted = nullptr;  // `out`, if it can tell what it lost
    FileSink* file = nullptr;    // `out`, if it is a file
    std::shared_ptr<Losses> losses = std::make_shared<Losses>();

    std::string_view name() const {
      return settings.path.empty() ? std::string_view{"console"} : settings.path;
    }
  };
  // A sink has begun to fail, with an error, or works again, after so many lines; or a file grows on.
  struct News {
    enum class What : std::uint8_t { failed, recovered, not_rotated } what;
    const Sink* about;
    std::uint64_t lost_lines;
    std::string error;
  };

  static Sink open(const SinkSettings& settings);
  // Writes the line if the sink wants it.
  static void put(Sink& sink, const mortise_log_event_t& event);
  static std::string line_for(const Sink& sink, const mortise_log_event_t& event);
  static void log_to(Sink& sink, const mortise_log_event_t& event);
  // Whether it is one of many, and nobody asked for each of them.
  bool is_hidden(const mortise_log_event_t& event);
  void put_suppressed(const mortise_log_event_t& next);
  void tell_losses(Sink& sink, std::uint64_t unix_ns);
  void count_losses(Sink& sink);
  void tell_due(std::uint64_t unix_ns);
  // Takes everything to where it goes, and sees what did not arrive.
  void settle(std::uint64_t unix_ns);
  void tell_news(std::uint64_t unix_ns);
  void tell(const News& news, std::uint64_t unix_ns);

  std::vector<Sink> sinks_;
  std::optional<RepeatSettings> repeat_settings_;
  std::shared_ptr<Repeats> repeats_ = std::make_shared<Repeats>();  // outlives a reload, as losses do
  const Repeats::Tell tell_repeated_ = [this](const mortise_log_event_t& event) {
    for (Sink& sink : sinks_)
      if (!sink.settings.audit) put(sink, event);
  };
  std::vector<News> news_;
};

}  // namespace mortise::log
