// The broker's log: lines of every thread, bounded in bytes, given to sinks on the sinks' own strands.
//
// Thread: write and wants from any thread; the rest from the control thread.
// Owns:   the lines that wait for a sink.
// Cost:   wants is one atomic load, two for the line of a message. A line costs one copy, and one lock per
//         sink that wants it.
// Fails:  never and never blocks: a sink that is too slow loses lines and is told how many, with the next line
//         or, when none is there, with one of the host's own.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <span>
#include <string>
#include <vector>

#include "broker/ports.hpp"
#include "host/log_line.hpp"
#include "host/strand.hpp"

namespace mortise::host {

class LogRing : public broker::Log {
 public:
  // One sink. `write` is called on `strand` with what waits, oldest first.
  struct Sink {
    Strand* strand = nullptr;
    std::uint32_t levels = 0;           // bit n: lines of level n
    std::vector<std::string> unwanted;  // categories it takes no line of
    std::function<void(std::span<const mortise_log_event_t* const>)> write;
  };
  using SinkId = std::uint64_t;

  // `bytes_max`: what may wait for one sink. `plain`: where lines go while there is no sink;
  // for tests, else stderr.
  explicit LogRing(std::size_t bytes_max, std::function<void(const LogLine&)> plain);

  bool wants(broker::LogLevel level, std::string_view category) const override;
  void write(broker::LogLevel level, std::string_view category, std::string_view event, std::string_view text,
             const broker::ClientFacts* client, std::span<const broker::Log::Field> fields) override;
  // A line that is ready, such as a plugin's. What a sink writes while it is being
  // called is dropped and counted.
  void write(LogLineRef line);

  // The lowest level anybody reads, MORTISE_DEBUG to MORTISE_ERROR.
  std::int32_t lowest_level() const noexcept;

  void add(SinkId id, Sink sink);
  // Another wish of the same sink.
  void change(SinkId id, std::uint32_t levels, std::vector<std::string> unwanted);
  // Gives the sink what waits for it, then takes it out. `strand` still runs.
  void remove(SinkId id);
  // All that run on that strand.
  void remove_all(const Strand& strand);

  // Lines no sink has seen, since start.
  std::uint64_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }

 private:
  struct Queue {
    SinkId id = 0;
    Sink sink;
    std::mutex mutex;
    struct Waiting {
      LogLineRef line;
      std::uint64_t suppressed = 0;  // lines lost just before it
    };
    std::vector<Waiting> waiting;
    std::size_t bytes = 0;
    std::uint64_t suppressed = 0;
    bool scheduled = false;

    bool takes(std::int32_t level, std::string_view category) const;
  };
  void push(const std::shared_ptr<Queue>& queue, const LogLineRef& line);
  void drain(Queue& queue);
  void give(Queue& queue, std::span<const Queue::Waiting> lines);
  void tell_lost(Queue& queue);
  void recount();

  const std::size_t bytes_max_;
  const std::function<void(const LogLine&)> plain_;
  mutable std::shared_mutex sinks_mutex_;
  std::vector<std::shared_ptr<Queue>> sinks_;
  std::atomic<std::uint32_t> levels_;
  std::atomic<bool> traffic_{false};  // some sink takes a line for every message
  std::atomic<std::uint64_t> dropped_{0};
};

}  // namespace mortise::host
