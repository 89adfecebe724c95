#include "workload.hpp"

#include <algorithm>

namespace mortise::store_sqlite::test {

Offer& Workload::next() {
  const auto level = static_cast<std::uint32_t>(any(3));
  Offer& out = offers_.emplace_back(models_.size(), level);
  out.numbers(number_ + 1000, 1'764'000'000'000 + number_);
  const std::uint64_t steps = 1 + any(6);
  for (std::uint64_t i = 0; i < steps; ++i) {
    switch (any(6)) {
      case 0: change_session(out, i == 0); break;
      case 1: change_retained(out); break;
      case 2: acknowledge(out); break;
      default: publish(out);
    }
  }
  facts_.apply(*out.batch());
  models_.push_back(facts_.as_text());
  return out;
}

bool Workload::ever(const std::string& key, const std::string& text) const {
  return std::ranges::any_of(models_, [&](const auto& model) {
    const auto found = model.find(key);
    return found != model.end() && found->second == text;
  });
}

std::uint64_t Workload::live_session() {
  if (sessions_.empty()) return 0;
  return sessions_[any(sessions_.size())];
}

void Workload::publish(Offer& to) {
  const std::uint64_t receivers = any(4) == 0 ? 2 : 1;
  const std::uint64_t message = ++number_;
  to.message(message, static_cast<std::uint32_t>(receivers),
             {.topic = "plant/" + std::to_string(any(9)), .payload = std::string(any(400), 'p')});
  for (std::uint64_t i = 0; i < receivers; ++i) {
    const std::uint64_t session = live_session();
    if (session == 0) return;
    const std::uint64_t delivery = ++number_;
    if (any(8) == 0) to.identifiers(delivery, "\x01\x02");
    to.deliver(delivery, message, session, delivery);
    queue_.push_back({delivery, message, session});
  }
}

void Workload::acknowledge(Offer& to) {
  if (queue_.empty()) return;
  const auto at = queue_.begin() + static_cast<std::ptrdiff_t>(any(queue_.size()));
  const Queued one = *at;
  queue_.erase(at);
  to.erase_delivery(one.delivery);
  if (std::ranges::none_of(queue_, [&](const Queued& other) { return other.message == one.message; }))
    to.erase_message(one.message);
}

// `may_end`: nothing in the batch belongs to a session yet; its deliveries would be applied after the end.
void Workload::change_session(Offer& to, bool may_end) {
  const std::uint64_t session = live_session();
  if (session != 0 && may_end && any(3) == 0) {
    to.end_session(session);
    std::erase(sessions_, session);
    std::erase_if(queue_, [&](const Queued& one) { return one.session == session; });
    return;
  }
  if (session == 0 || any(3) == 0) {
    sessions_.push_back(++number_);
    to.session(number_, "client-" + std::to_string(number_)).subscribe(number_, "plant/#").will(number_, "w");
    return;
  }
  to.session(session, "client-" + std::to_string(session), any(100));
  to.inbound(session, 1 + static_cast<std::uint32_t>(any(4)), any(2) == 0 ? MORTISE_PUT : MORTISE_ERASE);
  if (any(2) == 0) to.unsubscribe(session, "plant/#");
}

void Workload::change_retained(Offer& to) {
  const std::string topic = "state/" + std::to_string(any(6));
  ++version_;
  if (any(4) == 0)
    to.clear_retained(topic, version_);
  else
    to.retain(topic, version_, ++number_, {.payload = std::string(any(200), 'r')});
}

}  // namespace mortise::store_sqlite::test
