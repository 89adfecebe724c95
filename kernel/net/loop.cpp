#include "net/loop.hpp"

#include <algorithm>
#include <bit>

namespace mortise::net {

namespace {

constexpr std::uint64_t bell_token = 0;
constexpr std::size_t letters_a_turn = 512;  // of each kind, from each loop
constexpr int resumptions_a_turn = 16;
constexpr int stopping_tick_ms = 5;

bool is_of_connections(std::uint64_t token) { return token >> 32 != 0; }  // see Connections: has a generation

}  // namespace

Loop::Loop(Surroundings& around, std::uint32_t number)
    : around_{around},
      number_{number},
      bell_{poller_, bell_token},
      broker_{around.shared, number, around.clock.now()},
      connections_{around.shared, number, broker_, poller_, around.guests},
      acceptor_{poller_, around.shared, around.guests} {}

void Loop::run() {
  bool over = false;
  while (!over) {
    const auto ready = poller_.wait(milliseconds_to_sleep());
    bell_.get_up();
    // What whoever wants the turn has done before is seen in it.
    if (is_wanted_.load(std::memory_order_relaxed)) is_wanted_.exchange(false, std::memory_order_seq_cst);
    if (around_.observer) around_.observer->before_turn(number_);
    turn(ready);
    over = finish_stopping();
    if (around_.observer) around_.observer->after_turn(number_);
    turn_times_.observe(
        std::chrono::duration<double>(around_.clock.now().monotonic - now_.monotonic).count());
  }
}

void Loop::turn(std::span<const epoll_event> ready) {
  now_ = around_.clock.now();
  broker_.begin_turn(now_);
  connections_.on_time(now_.monotonic);
  acceptor_.on_time(now_.monotonic);
  hear_store();
  open_parcels();
  drain_letters();
  deal(arrivals_);
  read_ready(ready);
  settle();
  wake_others();
  write_and_close();
  work_left_ = !broker_.effects().empty();
}

void Loop::hear_store() {
  const broker::Journal& journal = around_.shared.journal;
  const std::uint64_t written = journal.line(broker::Level::written);
  const std::uint64_t synced = journal.line(broker::Level::synced);
  if (written == written_line_ && synced == synced_line_) return;
  broker_.on_stored(written_line_ = written, synced_line_ = synced);
}

// ---- from other threads

void Loop::put(Parcel parcel) {
  {
    const std::lock_guard lock{mutex_};
    parcels_.push_back(std::move(parcel));
    has_parcels_.store(true, std::memory_order_seq_cst);
  }
  bell_.ring();
}

void Loop::post(Function function) { put(std::move(function)); }
void Loop::hand_over(Arrival arrival) { put(std::move(arrival)); }
void Loop::open(Opening opening) { put(std::move(opening)); }
void Loop::replace(Door& door, Door& by) { put(Replacing{&door, &by}); }
void Loop::close(Door& door, bool turns_away) { put(Closing{&door, turns_away}); }
void Loop::hold(bool is_held) { put(Holding{is_held}); }
void Loop::renew_options() {
  post([this](broker::Broker& broker) {
    broker.renew_options();
    connections_.renew_options(*around_.shared.options());
  });
}
void Loop::stop(base::TimePoint until) { put(Stop{until}); }

void Loop::open_parcels() {
  if (!has_parcels_.load(std::memory_order_acquire)) return;
  {
    const std::lock_guard lock{mutex_};
    opening_.swap(parcels_);
    has_parcels_.store(false, std::memory_order_seq_cst);
  }
  for (Parcel& parcel : opening_) open_parcel(parcel);
  opening_.clear();
}

void Loop::open_parcel(Parcel& parcel) {
  if (auto* function = std::get_if<Function>(&parcel))
    (*function)(broker_);
  else if (auto* arrival = std::get_if<Arrival>(&parcel))
    arrivals_.push_back(std::move(*arrival));
  else if (auto* opening = std::get_if<Opening>(&parcel))
    acceptor_.add(std::move(opening->listening), *opening->door, next_door_++);
  else if (const auto* replacing = std::get_if<Replacing>(&parcel))
    acceptor_.replace(*replacing->door, *replacing->by);
  else if (const auto* closing = std::get_if<Closing>(&parcel))
    acceptor_.remove(*closing->door, closing->turns_away, now_.monotonic, accepted_);
  else if (const auto* holding = std::get_if<Holding>(&parcel))
    acceptor_.hold(holding->is_held);
  else if (!stop_at_)
    stop_at_ = std::get<Stop>(parcel).until;
}

void Loop::drain_letters() {
  for (std::uint32_t other = 0; other < around_.shared.loops(); ++other)
    if (other != number_) broker_.drain(other, letters_a_turn);
}

// ---- connections

// Opens what came for this loop. A loop that stops lets nobody in.
void Loop::deal(std::vector<Arrival>& arrivals) {
  for (Arrival& arrival : arrivals)
    if (!stop_at_) connections_.open(std::move(arrival));
  arrivals.clear();
}

void Loop::read_ready(std::span<const epoll_event> ready) {
  for (const epoll_event& event : ready) {
    const std::uint64_t token = event.data.u64;
    if (is_of_connections(token))
      connections_.on_ready(token, event.events);
    else if (token != bell_token)
      acceptor_.accept(token, now_.monotonic, accepted_);
  }
  const std::uint32_t loops = around_.shared.loops();
  for (Arrival& arrival : accepted_) {
    const std::uint32_t whose = next_loop_++ % loops;
    if (whose == number_)
      arrivals_.push_back(std::move(arrival));
    else
      around_.loops[whose]->hand_over(std::move(arrival));
  }
  accepted_.clear();
  deal(arrivals_);
}

// ---- what the broker wants done

// Packets that waited may go on now, and give rise to more.
void Loop::settle() {
  std::vector<broker::ClientKey>& resumed = broker_.effects().resume;
  for (int i = 0; i < resumptions_a_turn; ++i) {
    if (around_.observer) around_.observer->on_resumed(number_, broker_);
    batch_.swap(resumed);
    for (const broker::ClientKey client : batch_) connections_.resume(client);
    batch_.clear();
    broker_.end_turn();
    if (resumed.empty()) break;
  }
  for (Arrival& departing : connections_.departures()) {
    const std::uint32_t home = departing.move->loop;
    around_.loops[home]->hand_over(std::move(departing));
  }
  connections_.departures().clear();
}

void Loop::wake_others() {
  for (std::uint64_t left = std::exchange(broker_.effects().wake, 0); left != 0; left &= left - 1)
    around_.loops[static_cast<std::size_t>(std::countr_zero(left))]->wake();
}

void Loop::write_and_close() {
  if (std::exchange(broker_.effects().sheds_largest, false)) connections_.shed_largest();
  if (around_.observer) around_.observer->on_output(number_, broker_);
  batch_.swap(broker_.effects().flush);
  for (const broker::ClientKey client : batch_) connections_.write(client);
  batch_.clear();
  batch_.swap(broker_.effects().close);
  for (const broker::ClientKey client : batch_) connections_.close(client);
  batch_.clear();
}

// ---- sleep

bool Loop::has_mail() const {
  if (has_parcels_.load(std::memory_order_seq_cst) || is_wanted_.load(std::memory_order_seq_cst)) return true;
  const broker::Journal& journal = around_.shared.journal;
  if (journal.line(broker::Level::written) != written_line_ ||
      journal.line(broker::Level::synced) != synced_line_)
    return true;
  for (std::uint32_t other = 0; other < around_.shared.loops(); ++other)
    if (other != number_ && !around_.shared.mail.box(other, number_).empty()) return true;
  return false;
}

// Whether publishers may wait for another loop to empty its ring; it does not ring for that.
bool Loop::waits_for_room() const {
  for (std::uint32_t other = 0; other < around_.shared.loops(); ++other) {
    if (other == number_) continue;
    const broker::Mailbox& box = around_.shared.mail.box(number_, other);
    if (box.publishes.room() == 0 || box.commits.room() == 0) return true;
  }
  return false;
}

int Loop::milliseconds_to_sleep() {
  if (work_left_) return 0;
  bell_.lie_down();
  if (has_mail()) return 0;
  if (stop_at_) return stopping_tick_ms;
  if (waits_for_room()) return 1;
  const base::TimePoint next =
      std::min({broker_.next_deadline(), connections_.next_deadline(), acceptor_.next_deadline()});
  if (next == base::never) return -1;
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(next - around_.clock.now().monotonic).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 24 * 3600 * 1000));
}

// ---- end

// Whether the loop is over: nobody is left on any loop, or the time is up.
bool Loop::finish_stopping() {
  if (!stop_at_) return false;
  if (!closed_all_) {
    closed_all_ = true;
    acceptor_.close();
    broker_.close_all(mqtt::ReasonCode::server_shutting_down, "the broker shuts down");
    work_left_ = true;
    return false;
  }
  const bool time_is_up = now_.monotonic >= *stop_at_;
  if (!time_is_up && around_.guests.count() != 0) return false;
  connections_.drop_all();
  broker_.end_last_turn();
  return true;
}

}  // namespace mortise::net
