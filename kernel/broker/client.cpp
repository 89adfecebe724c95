#include "broker/client.hpp"

namespace mortise::broker {

namespace {
constexpr std::size_t network_overhead =
    80;  // what net keeps for an idle one; it charges unread bytes and filters itself
}

std::size_t Client::memory() const noexcept {
  return sizeof(Client) + network_overhead + heap_of(address) + heap_of(username) +
         (introduction ? sizeof(Introduction) + introduction->memory() : 0) +
         (authenticating ? sizeof(Authenticating) + authenticating->connect.capacity() : 0);
}

}  // namespace mortise::broker
