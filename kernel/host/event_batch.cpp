#include "host/event_batch.hpp"

#include <algorithm>
#include <deque>

#include "host/abi_text.hpp"
#include "host/hops.hpp"
#include "host/message_handle.hpp"
#include "host/views.hpp"

namespace mortise::host {

namespace {

// One event as it is shown, with everything it points to.
struct Shown {
  explicit Shown(const broker::ClientFacts& facts) : client{facts} {}
  ClientView client;
  mortise_message_view_t message{};
  mortise_event_t event{};
};

}  // namespace

EventBatch::Text EventBatch::keep(std::string_view text) {
  const Text kept{static_cast<std::uint32_t>(texts_.size()), static_cast<std::uint32_t>(text.size())};
  texts_.append(text);
  return kept;
}

void EventBatch::add(const broker::Event& event, base::WallTime now) {
  Kept& kept = events_.emplace_back();
  kept.type = event_type_of(event.kind);
  kept.reason = event.reason;
  kept.qos = event.qos;
  kept.when = now;
  kept.name = keep(event.kind == broker::EventKind::dropped ? event.loss : event.name);
  kept.is_bodiless = event.message && event.message->is_stub();
  if (event.message && !kept.is_bodiless) kept.message = share(*event.message);
  if (!event.client) return;
  kept.has_client = true;
  kept.client = *event.client;
  if (event.client->plugin_data != 0)
    kept.data = *reinterpret_cast<const ClientData*>(event.client->plugin_data);
  kept.client_id = keep(event.client->client_id);
  kept.username = keep(event.client->username);
  kept.address = keep(event.client->address);
  kept.identity = keep(event.client->identity);
  kept.cipher = keep(event.client->cipher);
}

void EventBatch::clear() {
  events_.clear();
  texts_.clear();
}

void EventBatch::show(const HookSet::Observer& observer,
                      const std::function<void(std::span<const mortise_event_t* const>)>& show) const {
  std::deque<Shown> shown;
  std::uint8_t hops = 0;  // of what the observer may publish now
  std::vector<const mortise_event_t*> pointers;
  for (const Kept& kept : events_) {
    const auto wanted = [&](const Attachment& one) {
      if (!one.has_kind(kept.type)) return false;
      if (kept.message) return one.wants(kept.message->topic());
      return !kept.is_bodiless || one.filters.empty();  // nobody knows its topic any more
    };
    if (std::ranges::none_of(observer.attachments, wanted)) continue;
    broker::ClientFacts facts = kept.client;
    facts.client_id = text(kept.client_id);
    facts.username = text(kept.username);
    facts.address = text(kept.address);
    facts.identity = text(kept.identity);
    facts.cipher = text(kept.cipher);
    facts.plugin_data = kept.data.owner ? reinterpret_cast<std::uint64_t>(&kept.data) : 0;
    Shown& one = shown.emplace_back(facts);
    one.event.size = sizeof one.event;
    one.event.type = kept.type;
    one.event.reason_code = static_cast<std::uint8_t>(kept.reason);
    one.event.qos = static_cast<std::uint8_t>(kept.qos);
    one.event.unix_ns = static_cast<std::uint64_t>(kept.when.time_since_epoch().count());
    one.event.name = abi_str(text(kept.name));
    if (kept.has_client) one.event.client = one.client.for_instance(*observer.instance);
    if (kept.message) {
      one.message = view_of(*kept.message, kept.when);
      one.event.message = &one.message;
      hops = std::max(hops, Hops::after(kept.message.get()));
    }
    pointers.push_back(&one.event);
  }
  if (pointers.empty()) return;
  const Hops so_far{hops};
  show(pointers);
}

}  // namespace mortise::host
