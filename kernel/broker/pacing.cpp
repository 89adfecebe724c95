#include "broker/pacing.hpp"

namespace mortise::broker {

void Pacing::begin(Client& client) {
  const Options& options = core_.options;
  const Listener& listener = *client.listener;
  if (options.publish_rate == 0 && options.publish_bytes == 0 && !listener.publish_rate &&
      !listener.publish_bytes)
    return;
  client.paced = std::make_unique<Paced>(client.key.value(), options.publish_rate, options.publish_bytes);
  // Whoever comes anew waits like those who are there.
  const base::TimePoint now = core_.now.monotonic;
  base::TimePoint next = now;
  if (listener.publish_rate) next = std::max(next, listener.publish_rate->take(0, now));
  if (listener.publish_bytes) next = std::max(next, listener.publish_bytes->take(0, now));
  hold(client, next);
}

void Pacing::renew(Client& client) {
  if (!client.paced) return begin(client);
  client.paced->messages = Pace{core_.options.publish_rate};
  client.paced->bytes = Pace{core_.options.publish_bytes};
}

void Pacing::hold(Client& client, base::TimePoint until) {
  if (until <= core_.now.monotonic) return;
  core_.pause(client, Client::for_pace);
  core_.deadlines.set(client.paced->timer, until);
}

void Pacing::count(Client& client, const mqtt::Publish& packet) {
  const base::TimePoint now = core_.now.monotonic;
  const Listener& listener = *client.listener;
  const bool by_alias = packet.topic.empty() && packet.properties.topic_alias && client.names;
  const std::uint64_t topic =
      by_alias ? client.names->topic_of(*packet.properties.topic_alias).size() : packet.topic.size();
  const std::uint64_t place = client.is_mounted ? client.mount_point().size() : 0;
  const std::uint64_t bytes = place + topic + packet.payload.size();
  base::TimePoint next = now;
  const auto look = [&](base::TimePoint due, Limit limit) {
    if (due > now) core_.ledger.hit(limit);
    next = std::max(next, due);
  };
  look(client.paced->messages.take(1, now), Limit::publish_rate);
  look(client.paced->bytes.take(bytes, now), Limit::publish_bytes);
  if (listener.publish_rate) look(listener.publish_rate->take(1, now), Limit::publish_rate);
  if (listener.publish_bytes) look(listener.publish_bytes->take(bytes, now), Limit::publish_bytes);
  hold(client, next);
}

}  // namespace mortise::broker
