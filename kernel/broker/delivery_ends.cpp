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
  const bool full = outbox.size() >= core_.options.queue_messages_max ||
                    session.queued_bytes >= core_.options.queue_bytes_max;
  const bool waits = client && (!outbox.queued.empty() || client->in_flight >= client->quota);
  const Readiness now = full      ? Readiness::full
                        : !client ? Readiness::offline
                        : waits   ? Readiness::busy
                                  : Readiness::open;
  for (SharedMember* member : session.shared)
    if (member->readiness.load(std::memory_order_relaxed) != now)
      member->readiness.store(now, std::memory_order_relaxed);
}

bool Delivery::may_be_handed_on(const Session& session, const Waiting& waiting, bool ends) {
  if (!waiting.message || waiting.message->is_stub() || !session.origins.group_of(waiting.origin))
    return false;
  if (waiting.state == Waiting::State::sent)
    return ends && waiting.qos != mqtt::Qos::exactly_once;  // [MQTT-4.8.2-5]
  return waiting.state == Waiting::State::queued;
}

// Whether the crash that loses its own record, or keeps that one only, would leave this message with two.
// What was published with QoS 2 may have come here with less and go on with all of it.
bool Delivery::hands_on_later(const Session& session, const Waiting& waiting, bool ends) const {
  if (!waiting.message || !holds(Rule::hand_on_after_put)) return false;
  const Position position = session.outbox.position_of(waiting);
  if (!ends) return waiting.number != 0 && position >= session.durable_to;
  if (waiting.message->qos() != mqtt::Qos::exactly_once) return false;
  return session.is_stored() ? commits_.is_unsettled(session, position)
                             : commits_.is_under_way(session, position);
}

// What a session that was never stored has is for another loop, too, whose batches come in no order with
// ours: it waits until everything of this loop so far is durable, the message's own batch with it.
void Delivery::wait_for_batches(Session& session) {
  if (session.is_stored() || !core_.has_store()) return;
  const auto waits = [&](const base::Queue<Waiting>& queue) {
    for (std::size_t i = 0; i < queue.size(); ++i)
      if (queue[i].message && queue[i].message->qos() == mqtt::Qos::exactly_once &&
          session.origins.group_of(queue[i].origin))
        return true;
    return false;
  };
  if (waits(session.outbox.in_flight) || waits(session.outbox.queued))
    commits_.add_run(session, session.outbox.next_position - 1, commits_.open_ordinal(), {},
                     core_.options.session_store);
}

void Delivery::hand_on(Session& session, bool ends,
                       const std::function<bool(const Waiting&, GroupKey)>& give) {
  if (ends && session.hands_on_to == 0) wait_for_batches(session);
  const Position up_to = session.hands_on_to == 0 ? session.outbox.next_position : session.hands_on_to;
  session.hands_on_to = 0;
  const auto gives = [&](const Waiting& waiting) {
    if (!may_be_handed_on(session, waiting, ends)) return false;
    if (!ends && session.outbox.position_of(waiting) >= up_to) return false;
    if (hands_on_later(session, waiting, ends)) {
      session.hands_on_to = up_to;
      return false;
    }
    return give(waiting, session.origins.group_of(waiting.origin));
  };
  auto& in_flight = session.outbox.in_flight;
  for (std::size_t i = 0; i < in_flight.size(); ++i) {
    if (!gives(in_flight[i])) continue;
    Waiting given = std::move(in_flight[i]);
    in_flight[i].position_low = given.position_low;
    in_flight[i].state = Waiting::State::done;
    drop(session, std::move(given), Dropped::handed_on);
  }
  base::Queue<Waiting> kept;
  while (!session.outbox.queued.empty()) {
    Waiting waiting = session.outbox.queued.pop();
    if (gives(waiting))
      drop(session, std::move(waiting), Dropped::handed_on);
    else
      kept.push(std::move(waiting));
  }
  session.outbox.queued = std::move(kept);
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

void Delivery::drop_all(Session& session) {
  Outbox& outbox = session.outbox;
  base::Queue<Waiting> kept;
  for (auto* queue : {&outbox.in_flight, &outbox.queued}) {
    while (!queue->empty()) {
      Waiting waiting = queue->pop();
      if (session.hands_on_to != 0 && may_be_handed_on(session, waiting, true) &&
          hands_on_later(session, waiting, true))
        kept.push(std::move(waiting));
      else if (waiting.state != Waiting::State::done)
        drop(session, std::move(waiting), Dropped::session_ended);
    }
    queue->clear();  // an empty queue may still own memory
  }
  outbox.queued = std::move(kept);
  charge(session);
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
