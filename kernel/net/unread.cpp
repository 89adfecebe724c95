#include "net/unread.hpp"

#include <algorithm>
#include <cstring>

#include "base/contract.hpp"

namespace mortise::net {

namespace {

constexpr std::size_t step_min = 64 * 1024;  // room that is given on a header's word alone

}  // namespace

void Unread::swap(Unread& other) noexcept {
  std::swap(block_, other.block_);
  std::swap(capacity_, other.capacity_);
  std::swap(begin_, other.begin_);
  std::swap(end_, other.end_);
}

std::span<std::uint8_t> Unread::room(std::size_t wanted, broker::Accounts& accounts) {
  const std::size_t given = std::min(wanted, std::max(size(), step_min));
  reserve(given, accounts);
  return {block_.get() + end_, given};
}

void Unread::append(mqtt::Bytes bytes, broker::Accounts& accounts) {
  if (bytes.empty()) return;
  reserve(bytes.size(), accounts);
  std::memcpy(block_.get() + end_, bytes.data(), bytes.size());
  fill(bytes.size());
}

void Unread::drop(std::size_t count, broker::Accounts& accounts) {
  MORTISE_EXPECT(count <= size());
  begin_ += static_cast<std::uint32_t>(count);
  if (!empty()) return;
  accounts.charge(broker::Account::connection, -static_cast<std::int64_t>(capacity_));
  *this = Unread{};
}

void Unread::reserve(std::size_t behind, broker::Accounts& accounts) {
  if (capacity_ - end_ >= behind) return;
  const std::size_t held = size();
  if (capacity_ >= held + behind && begin_ >= held) {  // the copy is shorter than what was consumed before it
    std::memcpy(block_.get(), block_.get() + begin_, held);
  } else {
    const std::size_t capacity = std::max(held + behind, held + held / 2);
    auto block = std::make_unique_for_overwrite<std::uint8_t[]>(capacity);
    if (held != 0) std::memcpy(block.get(), block_.get() + begin_, held);
    accounts.charge(broker::Account::connection, static_cast<std::int64_t>(capacity) - capacity_);
    block_ = std::move(block);
    capacity_ = static_cast<std::uint32_t>(capacity);
  }
  begin_ = 0;
  end_ = static_cast<std::uint32_t>(held);
}

}  // namespace mortise::net
