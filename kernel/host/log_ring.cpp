#include "host/log_ring.hpp"

#include <algorithm>
#include <bit>
#include <cstdio>
#include <utility>

namespace mortise::host {

namespace {

// The one category that costs the hot path something: its line is built only where a sink takes it, and a
// broker without a sink shows people what concerns it, not one line for every message.
constexpr std::string_view traffic_category = "messages";
constexpr std::uint32_t plain_levels =
    1u << MORTISE_INFO | 1u << MORTISE_NOTICE | 1u << MORTISE_WARNING | 1u << MORTISE_ERROR;

// The sink this thread is in.
thread_local const void* inside_sink = nullptr;

std::uint32_t bit_of(std::int32_t level) { return 1u << static_cast<std::uint32_t>(level); }

// A warning, or the gravest level of a sink that takes none: it concerns that sink alone, so it must reach
// it.
LogLineRef lost_line(std::uint32_t levels) {
  std::int32_t level = MORTISE_WARNING;
  if (!(levels & bit_of(level))) level = std::bit_width(levels) - 1;
  return make_line(static_cast<broker::LogLevel>(level - 1), "host", "log.suppressed",
                   "lines were lost after the last one: more came than could be held", nullptr, {});
}

}  // namespace

LogRing::LogRing(std::size_t bytes_max, std::function<void(const LogLine&)> plain)
    : bytes_max_{bytes_max}, plain_{std::move(plain)}, levels_{plain_levels} {}

bool LogRing::wants(broker::LogLevel level, std::string_view category) const {
  if (!(levels_.load(std::memory_order_relaxed) & bit_of(static_cast<std::int32_t>(level) + 1))) return false;
  return category != traffic_category || traffic_.load(std::memory_order_relaxed);
}

std::int32_t LogRing::lowest_level() const noexcept {
  const std::uint32_t levels = levels_.load(std::memory_order_relaxed);
  return levels == 0 ? MORTISE_ERROR : std::countr_zero(levels);
}

void LogRing::write(broker::LogLevel level, std::string_view category, std::string_view event,
                    std::string_view text, const broker::ClientFacts* client,
                    std::span<const broker::Log::Field> fields) {
  if (wants(level, category)) write(make_line(level, category, event, text, client, fields));
}

void LogRing::write(LogLineRef line) {
  const std::shared_lock lock{sinks_mutex_};
  if (sinks_.empty()) {
    if (plain_levels & bit_of(line->level())) plain_(*line);
    return;
  }
  for (const auto& queue : sinks_)
    if (queue->takes(line->level(), line->source())) push(queue, line);
}

void LogRing::push(const std::shared_ptr<Queue>& queue, const LogLineRef& line) {
  const std::lock_guard lock{queue->mutex};
  if (inside_sink == queue.get() || queue->bytes + line->memory() > bytes_max_) {
    ++queue->suppressed;
    dropped_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  queue->bytes += line->memory();
  queue->waiting.push_back({line, std::exchange(queue->suppressed, 0)});
  if (!queue->scheduled) queue->scheduled = queue->sink.strand->post_always([this, queue] { drain(*queue); });
}

void LogRing::drain(Queue& queue) {
  std::vector<Queue::Waiting> lines;
  {
    const std::lock_guard lock{queue.mutex};
    queue.scheduled = false;
    lines.swap(queue.waiting);
    queue.bytes = 0;
  }
  if (!lines.empty()) give(queue, lines);
  tell_lost(queue);
}

void LogRing::give(Queue& queue, std::span<const Queue::Waiting> lines) {
  std::vector<mortise_log_event_t> events;
  std::vector<const mortise_log_event_t*> pointers;
  events.reserve(lines.size());
  for (const auto& [line, suppressed] : lines) {
    events.push_back(line->abi(suppressed));
    pointers.push_back(&events.back());
  }
  inside_sink = &queue;
  queue.sink.write(pointers);
  inside_sink = nullptr;
}

// What was lost after the last line that waited: the next one may be hours away, or never come. Told once a
// drain, so that a sink that logs about each line cannot keep itself busy.
void LogRing::tell_lost(Queue& queue) {
  std::uint32_t levels = 0;
  {
    const std::shared_lock lock{sinks_mutex_};
    levels = queue.sink.levels;
  }
  std::uint64_t lost = 0;
  {
    const std::lock_guard lock{queue.mutex};
    // Behind lines that came meanwhile, so another drain follows this one.
    if (queue.suppressed == 0 || !queue.waiting.empty() || levels == 0) return;
    lost = std::exchange(queue.suppressed, 0);
  }
  const Queue::Waiting told{lost_line(levels), lost};
  give(queue, {&told, 1});
}

bool LogRing::Queue::takes(std::int32_t level, std::string_view category) const {
  return (sink.levels & bit_of(level)) && std::ranges::find(sink.unwanted, category) == sink.unwanted.end();
}

void LogRing::recount() {
  std::uint32_t levels = 0;
  bool traffic = false;
  for (const auto& queue : sinks_) {
    levels |= queue->sink.levels;
    traffic |= queue->takes(MORTISE_INFO, traffic_category);
  }
  levels_ = sinks_.empty() ? plain_levels : levels;
  traffic_ = traffic;
}

void LogRing::add(SinkId id, Sink sink) {
  auto queue = std::make_shared<Queue>();
  queue->id = id;
  queue->sink = std::move(sink);
  const std::unique_lock lock{sinks_mutex_};
  sinks_.push_back(std::move(queue));
  recount();
}

void LogRing::change(SinkId id, std::uint32_t levels, std::vector<std::string> unwanted) {
  const std::unique_lock lock{sinks_mutex_};
  for (const auto& queue : sinks_)
    if (queue->id == id) {
      queue->sink.levels = levels;
      queue->sink.unwanted = std::move(unwanted);
      break;
    }
  recount();
}

void LogRing::remove(SinkId id) {
  std::shared_ptr<Queue> gone;
  {
    const std::unique_lock lock{sinks_mutex_};
    const auto found = std::ranges::find_if(sinks_, [id](const auto& queue) { return queue->id == id; });
    if (found == sinks_.end()) return;
    gone = *found;
    sinks_.erase(found);
    recount();
  }
  gone->sink.strand->run([this, &gone] { drain(*gone); });
}

void LogRing::remove_all(const Strand& strand) {
  std::vector<SinkId> ids;
  {
    const std::shared_lock lock{sinks_mutex_};
    for (const auto& queue : sinks_)
      if (queue->sink.strand == &strand) ids.push_back(queue->id);
  }
  for (const SinkId id : ids) remove(id);
}

}  // namespace mortise::host
