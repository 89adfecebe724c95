// The part of Delivery for what a session owes when its connection, or it itself, ends or begins again.
#include "broker/delivery.hpp"
#include "broker/rules.hpp"

namespace mortise::broker {

void Delivery::on_page(const Page& page) {
  Session* session = core_.sessions.find(SessionKey::from(page.read.session));
  if (!session || session->ended) return;
  paging_.put_back(*session, page);
  pump(*session);
}

void Delivery::note_readiness(Session& session) const {
  const Client* client = core_.clients.find(session.client);
  const Outbox& outbox = session.outbox;
  const QueueLimit limit = limit_of(session);
  const bool full = outbox.size() >= limit.messages || session.queued_bytes >= limit.bytes;
  const bool waits = client && (!outbox.queued.empty() || client->in_flight >= client->quota);
  const Readiness now = full      ? Readiness::full
                        : !client ? Readiness::offline
                        : waits   ? Readiness::busy
                                  : Readiness::open;
  for (SharedMember* member : session.shared)
    if (member->readiness.load(std::memory_order_relaxed) != now)
      member->readiness.store(now, std::memory_order_relaxed);
}

// The group by which it came, if another member may have it still.  (MQTT 5.0 §4.8.2)
GroupKey Delivery::may_go_to(const Session& session, const Waiting& waiting, bool ends) {
  const bool is_sent = waiting.state == Waiting::State::sent;
  const bool is_free = is_sent ? ends && waiting.qos != mqtt::Qos::exactly_once  // [MQTT-4.8.2-5]
                               : waiting.state == Waiting::State::queued;
  if (!is_free || !waiting.message || waiting.message->is_stub()) return {};
  // It hangs on no batch by which another could be kept from having it twice, and may be lost.
  if (waiting.qos == mqtt::Qos::at_most_once && waiting.message->qos() == mqtt::Qos::exactly_once) return {};
  return session.origins.group_of(waiting.origin);
}

void Delivery::hand_on(Session& session, const Give& give) {
  const std::optional<Position> up_to = std::exchange(session.hands_on_to, {});
  base::Queue<Waiting>& queued = session.outbox.queued;
  base::Queue<Waiting> kept;
  while (!queued.empty()) {
    Waiting waiting = queued.pop();
    const Position position = session.outbox.position_of(waiting);
    const GroupKey group = up_to && position >= *up_to ? GroupKey{} : may_go_to(session, waiting, false);
    const bool has_to_wait = group && waiting.number != 0 && position >= session.durable_to;
    if (has_to_wait && holds(Rule::hand_on_after_put))
      session.hands_on_to = up_to.value_or(session.outbox.next_position);
    else if (group && give(waiting, group)) {
      drop(session, std::move(waiting), Dropped::handed_on);
      continue;
    }
    kept.push(std::move(waiting));
  }
  queued = std::move(kept);
}

void Delivery::end(Session& session, const Give& give) {
  if (give && !session.hands_on_to) wait_for_batches(session);
  session.hands_on_to.reset();
  Outbox& outbox = session.outbox;
  base::Queue<Waiting> kept;
  for (auto* queue : {&outbox.in_flight, &outbox.queued}) {
    while (!queue->empty()) {
      Waiting waiting = queue->pop();
      if (waiting.state == Waiting::State::done) continue;
      const GroupKey group = give ? may_go_to(session, waiting, true) : GroupKey{};
      if (group && waits_for_batch(session, waiting)) {
        session.hands_on_to = outbox.next_position;
        kept.push(std::move(waiting));
        continue;
      }
      const bool is_given = group && give(waiting, group);
      drop(session, std::move(waiting), is_given ? Dropped::handed_on : Dropped::session_ended);
    }
    queue->clear();  // an empty queue may still own memory
  }
  outbox.queued = std::move(kept);
  charge(session);
}

// Whether another's record of it might become durable before its publisher's batch: Rule::hand_on_after_put.
// What was published with QoS 2 may have come here with less and go on with all of it.
bool Delivery::waits_for_batch(const Session& session, const Waiting& waiting) const {
  if (waiting.message->qos() != mqtt::Qos::exactly_once || !holds(Rule::hand_on_after_put)) return false;
  const Position position = session.outbox.position_of(waiting);
  return session.is_stored() ? commits_.is_unsettled(session, position)
                             : commits_.is_under_way(session, position);
}

// What a session that was never stored has is for another loop, too, whose batches come in no order with
// ours: it waits until everything of this loop so far is durable, the message's own batch with it.
void Delivery::wait_for_batches(Session& session) {
  if (session.is_stored() || !core_.has_store()) return;
  const auto waits = [&](const base::Queue<Waiting>& queue) {
    for (std::size_t i = 0; i < queue.size(); ++i)
      if (may_go_to(session, queue[i], true) && queue[i].message->qos() == mqtt::Qos::exactly_once)
        return true;
    return false;
  };
  if (waits(session.outbox.in_flight) || waits(session.outbox.queued))
    commits_.add_run(session, session.outbox.next_position - 1, commits_.open_ordinal(), {},
                     core_.options.session_store);
}

void Delivery::on_offline(Session& session) {
  base::Queue<Waiting> kept;
  while (!session.outbox.queued.empty()) {
    Waiting waiting = session.outbox.queued.pop();
    if (waiting.qos == mqtt::Qos::at_most_once)
      drop(session, std::move(waiting), Dropped::connection_lost);
    else
      kept.push(std::move(waiting));
  }
  session.outbox.queued = std::move(kept);
  session.paged_to = 0;
  tidy(session);
}

void Delivery::restore(Session& session, Waiting waiting, Position position) {
  core_.ledger.restored.add(1);
  core_.ledger.queued.add(1);
  session.queued_bytes += bytes_of(waiting);
  session.outbox.next_position = position + 1;
  waiting.position_low = static_cast<std::uint32_t>(position);
  // Below sent_to it may have been sent, and the client may still hold its identifier.
  if (position < session.sent_to) {
    if (waiting.state == Waiting::State::queued) waiting.state = Waiting::State::sent;
    session.outbox.in_flight.push(std::move(waiting));
  } else {
    session.outbox.queued.push(std::move(waiting));
  }
}

// ---- memory

void Delivery::shed_qos_0(Session& session) {
  base::Queue<Waiting>& queued = session.outbox.queued;
  for (std::size_t left = queued.size(); left > 0; --left) {  // once round: the others keep their order
    Waiting waiting = queued.pop();
    if (waiting.qos == mqtt::Qos::at_most_once)
      drop(session, std::move(waiting), Dropped::memory_shed);
    else
      queued.push(std::move(waiting));
  }
  tidy(session);
}

void Delivery::shed_oldest(Session& session, std::size_t count) {
  Outbox& outbox = session.outbox;
  for (; count > 0 && !outbox.queued.empty(); --count)
    drop(session, outbox.queued.pop(), Dropped::memory_shed);
  // What is in flight of a client that is away; of what it has received with QoS 2 only PUBREL is owed.
  for (; count > 0 && !session.is_connected() && !outbox.in_flight.empty(); --count) {
    if (outbox.in_flight.front().state == Waiting::State::received) break;
    Waiting oldest = outbox.in_flight.pop();
    if (oldest.state != Waiting::State::done) drop(session, std::move(oldest), Dropped::memory_shed);
  }
  tidy(session);
}

}  // namespace mortise::broker
