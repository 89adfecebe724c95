#include "broker/pacing.hpp"

namespace mortise::broker {

void Pacing::begin(Client& client) {
  const Options& options = core_.options;
  const Listener& listener = *client.listener;
  if (options.publish_rate == 0 && options.publish_bytes == 0 && !listener.publish_rate &&
      !listener.publish_bytes)
    return;
  client.paced = std::make_unique<Paced>(client.key.value(), options.publish_rate, options.publish_bytes);
}

void Pacing::count(Client& client, const mqtt::Publish& packet) {
  const base::TimePoint now = core_.now.monotonic;
  const Listener& listener = *client.listener;
  const std::uint64_t bytes = packet.topic.size() + packet.payload.size();
  base::TimePoint next = now;
  const auto hold = [&](base::TimePoint due, Limit limit) {
    if (due > now) core_.ledger.hit(limit);
    next = std::max(next, due);
  };
  hold(client.paced->messages.take(1, now), Limit::publish_rate);
  hold(client.paced->bytes.take(bytes, now), Limit::publish_bytes);
  if (listener.publish_rate) hold(listener.publish_rate->take(1, now), Limit::publish_rate);
  if (listener.publish_bytes) hold(listener.publish_bytes->take(bytes, now), Limit::publish_bytes);
  if (next == now) return;
  core_.pause(client, Client::for_pace);
  core_.deadlines.set(client.paced->timer, next);
}

}  // namespace mortise::broker
