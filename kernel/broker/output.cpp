#include "broker/output.hpp"

#include <algorithm>

namespace mortise::broker {

void BufferPool::let_go(mqtt::Buffer& buffer) { buffer = {}; }

void Output::drop_slices() { slices_.clear(); }

std::size_t Output::gather_slices(std::span<std::span<const std::uint8_t>> parts) const {
  std::size_t count = 0;
  std::size_t at = written_;
  const auto add = [&](std::span<const std::uint8_t> piece) {
    if (!piece.empty() && count < parts.size()) parts[count++] = piece;
  };
  for (std::size_t i = 0; i < slices_.size() && count < parts.size(); ++i) {
    const Slice& slice = slices_[i];
    add(std::span{bytes_}.subspan(at, slice.at - at));
    at = slice.at;
    add(slice.message->payload().subspan(i == 0 ? slice_written_ : 0));
  }
  if (count < parts.size()) add(std::span{bytes_}.subspan(at));
  return count;
}

void Output::consume_part(std::size_t count) {
  while (count > 0) {
    const std::size_t border = slices_.empty() ? bytes_.size() : slices_.front().at;
    const std::size_t plain = std::min(count, border - written_);
    written_ += plain;
    count -= plain;
    if (count == 0) break;
    const std::size_t left = slices_.front().message->payload().size() - slice_written_;
    const std::size_t part = std::min(count, left);
    slice_written_ += part;
    payload_bytes_ -= part;
    count -= part;
    if (part < left) break;
    slices_.pop();
    slice_written_ = 0;
  }
}

}  // namespace mortise::broker
