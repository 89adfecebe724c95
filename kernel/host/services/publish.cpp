#include "host/hops.hpp"
#include "host/host_table.hpp"
#include "host/innards.hpp"
#include "host/instance.hpp"

namespace mortise::host {

namespace {

// Plugins answer one another's messages, or one its own, without an end.
mortise_status_t drop_for_hops(Instance& instance, const broker::Message& message) {
  Losses& losses = instance.in.losses;
  const auto reason =
      losses.reason(instance.name(), "hops", "published in answer to messages of plugins, too often");
  losses.lose(reason.value_or(0), 1, message.payload().size());
  instance.fault("publish",
                 "it answers messages that plugins published in answer to messages, without an end");
  return MORTISE_E_LIMIT;
}

mortise_status_t publish(const mortise_host_t* host, mortise_message_t* message,
                         const mortise_publish_t* how) {
  Instance& instance = Instance::of(host);
  if (!instance.is(State::running) && !instance.is(State::draining)) return MORTISE_E_STATE;
  if (!message || (how && !MORTISE_HAS(how, context))) return MORTISE_E_INVALID;
  if (how && how->level > MORTISE_SYNCED) return MORTISE_E_INVALID;
  return as_status([&]() -> mortise_status_t {
    if (!instance.grants.covers(MORTISE_HOST_PUBLISH, message->message->topic()))
      return MORTISE_E_NOT_GRANTED;
    if (Hops::of_next() > hops_max) return drop_for_hops(instance, *message->message);
    return instance.publishing.add(message->message, how);
  });
}

constexpr mortise_publisher_t table{sizeof table, 0, &publish};

}  // namespace

const mortise_publisher_t& publish_service() { return table; }

}  // namespace mortise::host
