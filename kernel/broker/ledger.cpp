#include "broker/ledger.hpp"

namespace mortise::broker {

namespace {

template <class Counters>
std::uint64_t sum(const Counters& counters) {
  std::uint64_t all = 0;
  for (const Counter& counter : counters) all += counter.value();
  return all;
}

}  // namespace

std::string imbalance(std::span<const std::unique_ptr<Ledger>> ledgers) {
  std::uint64_t published = 0, dealt_with = 0, owed = 0, accounted = 0;
  for (const auto& ledger : ledgers) {
    published += ledger->published.value();
    dealt_with += ledger->routed.value() + sum(ledger->refused);
    owed += ledger->deliveries.value() + ledger->restored.value();
    accounted += ledger->out.value() + ledger->queued.value() + sum(ledger->dropped);
  }
  if (published != dealt_with)
    return "published " + std::to_string(published) + ", routed and refused " + std::to_string(dealt_with);
  if (owed != accounted)
    return "deliveries and restored " + std::to_string(owed) + ", out, queued and dropped " +
           std::to_string(accounted);
  return {};
}

}  // namespace mortise::broker
