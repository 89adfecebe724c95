#include "broker/paging.hpp"

#include <algorithm>

#include "broker/rules.hpp"

namespace mortise::broker {

namespace {

std::uint64_t number_of(const MessageRef& message) { return message->number(); }

constexpr std::size_t page_messages = 64;
constexpr std::size_t page_bytes = 256 * 1024;
constexpr std::size_t out_at_once = 256;  // so that one session does not hold up a turn

// The first that was not looked at: positions rise along a queue.
std::size_t place_of(const Outbox& outbox, const base::Queue<Waiting>& queue, Position position) {
  std::size_t low = 0, high = queue.size();
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    if (outbox.position_of(queue[middle]) < position)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

// How many of a connected client's queue stay: a page, and never nothing.
std::size_t at_hand(const base::Queue<Waiting>& queued) {
  std::size_t count = 0;
  for (std::size_t bytes = 0; count < std::min(queued.size(), page_messages); ++count) {
    bytes += queued[count].message->size();
    if (bytes > page_bytes && count != 0) break;
  }
  return count;
}

}  // namespace

Position Paging::end_of(const Session& session) {
  return holds(Rule::page_out_after_put) ? session.durable_to : session.outbox.next_position;
}

bool Paging::has_to() const {
  const Journal& journal = core_.shared.journal;
  if (core_.shared.message_bytes() <= static_cast<std::int64_t>(core_.options.resident_max)) return false;
  if (journal.failing()) return false;
  // Then what counts as durable may have been released without the store, and is there once all is written.
  return core_.options.on_failure != Options::OnFailure::memory || journal.pending_bytes() == 0;
}

// What was sent and not acknowledged leaves, too, once there is no connection it could be sent again on.
void Paging::page_out_some(Session& session) {
  Outbox& outbox = session.outbox;
  const Position end = end_of(session);
  std::size_t left = out_at_once;
  if (!session.is_connected() && !page_out_of(session, outbox.in_flight, 0, end, left)) return;
  const std::size_t kept = session.is_connected() ? at_hand(outbox.queued) : 0;
  if (!page_out_of(session, outbox.queued, kept, end, left)) return;
  session.paged_to = end;
}

// From place `from` at the earliest. False: there is more than `left`, and the rest is for the next time.
bool Paging::page_out_of(Session& session, base::Queue<Waiting>& queue, std::size_t from, Position end,
                         std::size_t& left) {
  const Outbox& outbox = session.outbox;
  for (std::size_t place = std::max(from, place_of(outbox, queue, session.paged_to)); place < queue.size();
       ++place) {
    Waiting& waiting = queue[place];
    if (waiting.number == 0 || !waiting.message) continue;
    const Position position = outbox.position_of(waiting);
    if (position >= end) return true;
    if (waiting.message->is_stub()) continue;
    if (left == 0) {
      session.paged_to = position;
      return false;
    }
    --left;
    waiting.message = core_.shared.journal.stub_of(*waiting.message);
  }
  return true;
}

void Paging::ask(Session& session) {
  if (session.is_reading) return;
  StoreRead read{core_.loop, session.key.value(), {}};
  std::size_t bytes = 0;
  for (const auto* queue : {&session.outbox.in_flight, &session.outbox.queued}) {
    for (std::size_t i = 0; i < queue->size(); ++i) {
      const Waiting& waiting = (*queue)[i];
      const bool is_wanted = waiting.state == Waiting::State::queued || waiting.state == Waiting::State::sent;
      if (!is_wanted || !waiting.message->is_stub()) continue;
      bytes += waiting.message->size();
      if (!read.wanted.empty() && (read.wanted.size() == page_messages || bytes > page_bytes)) break;
      read.wanted.push_back({waiting.number, waiting.message->number()});
    }
  }
  session.is_reading = true;
  core_.shared.journal.read(std::move(read));
}

void Paging::put_back(Session& session, const Page& page) {
  session.is_reading = false;
  if (!session.is_connected()) return;  // it is asked for again when it can be sent
  std::vector<MessageRef> messages = page.messages;
  std::ranges::sort(messages, {}, number_of);
  std::size_t lost = 0;
  auto wanted = page.read.wanted.begin();
  // What was asked for stands at the front, in the order of the question, with gaps where deliveries ended.
  for (auto* queue : {&session.outbox.in_flight, &session.outbox.queued}) {
    for (std::size_t i = 0; i < queue->size(); ++i) {
      Waiting& waiting = (*queue)[i];
      if (waiting.number == 0) continue;
      while (wanted != page.read.wanted.end() && wanted->delivery < waiting.number) ++wanted;
      if (wanted == page.read.wanted.end()) return tell_lost(session, lost);
      if (wanted->delivery != waiting.number || !waiting.message || !waiting.message->is_stub()) continue;
      const auto found = std::ranges::lower_bound(messages, wanted->message, {}, number_of);
      if (found == messages.end() || (*found)->number() != wanted->message) {
        waiting.state = Waiting::State::lost;
        ++lost;
        continue;
      }
      if (!(*found)->stub()) (*found)->set_stub(waiting.message);
      waiting.message = *found;
    }
  }
  tell_lost(session, lost);
}

void Paging::tell_lost(const Session& session, std::size_t count) {
  if (count == 0) return;
  const ClientFacts facts = core_.facts_of(session);
  const std::string messages = std::to_string(count);
  core_.log(LogLevel::error, "store", "store.message_lost",
            "the store does not have messages any more that waited for this client", &facts,
            {{"messages", messages}});
}

}  // namespace mortise::broker
