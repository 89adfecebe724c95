#include <algorithm>
#include <string>

#include "host/abi_text.hpp"
#include "host/host_table.hpp"
#include "host/innards.hpp"
#include "host/instance.hpp"

namespace mortise::host {

namespace {

bool is_snake_case(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

mortise_status_t reason(const mortise_host_t* host, const char* name, const char* help, std::uint32_t* loss) {
  Instance& instance = Instance::of(host);
  if (!instance.is(State::starting)) return MORTISE_E_STATE;
  if (!loss || !is_snake_case(view_of(name))) return MORTISE_E_INVALID;
  return as_status([&]() -> mortise_status_t {
    const auto number = instance.in.losses.reason(instance.name(), name, std::string{view_of(help)});
    if (!number) return MORTISE_E_LIMIT;
    *loss = *number;
    return MORTISE_OK;
  });
}

void lose(const mortise_host_t* host, std::uint32_t loss, std::uint64_t messages, std::uint64_t bytes) {
  Instance& instance = Instance::of(host);
  if (instance.now() < State::starting || instance.is(State::stopped)) return;
  as_status([&] { return instance.in.losses.lose(loss, messages, bytes), MORTISE_OK; });
}

constexpr mortise_ledger_t table{sizeof table, 0, &reason, &lose};

}  // namespace

const mortise_ledger_t& ledger_service() { return table; }

}  // namespace mortise::host
