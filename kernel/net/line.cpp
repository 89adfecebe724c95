#include "net/line.hpp"

namespace mortise::net {

namespace {

constexpr std::size_t spare_max = 256 * 1024;

}  // namespace

mqtt::Bytes Line::take(mqtt::Bytes bytes, Scratch& scratch, const Admits& admits) {
  if (has_ended()) return {};
  std::size_t side = 0;
  for (std::size_t i = 0; i < filters_.size() && !bytes.empty();) {
    mqtt::Buffer& up = scratch.up[side ^= 1];
    up.clear();
    scratch.answer.clear();
    const bool was_open = !has_failed();
    const bool stays = note(i, filters_[i]->take(bytes, up, scratch.answer));
    const mqtt::Bytes answer{scratch.answer};
    // Below a filter that has failed nothing can be said.
    if (was_open && !answer.empty()) send_down(i, {&answer, 1}, scratch);
    if (stays) {
      ++i;
    } else {
      filters_.erase(filters_.begin() + static_cast<std::ptrdiff_t>(i));
      if (admits && !admits(learnt_ ? learnt_->address : std::string{})) {
        end_ = End::failed;
        refused_ = true;
        return {};
      }
    }
    bytes = up;
  }
  return bytes;
}

// Whether the filter stays.
bool Line::note(std::size_t index, const base::Result<Filter::Progress, std::string>& progress) {
  using Progress = Filter::Progress;
  Filter& filter = *filters_[index];
  const bool has_learnt = progress && (*progress == Progress::learnt || *progress == Progress::is_over);
  // A read that ends in a fault or a goodbye may have begun with an introduction.
  const bool is_last = !progress || *progress == Progress::ended;
  if (has_learnt || (is_last && !filter.was_read && !has_failed())) {
    introduce(filter.introduction());
    filter.was_read = true;
  }
  if (!progress) {
    if (has_failed()) return true;
    end_ = End::failed;
    failed_at_ = index;
    wrong_ = progress.error();
    harmless_ = filters_[index]->is_harmless();
    return true;
  }
  if (*progress == Progress::ended && end_ == End::none) end_ = End::ended;
  return *progress != Progress::is_over;
}

// What a filter further up says counts more: it has read what those below it have let through.
void Line::introduce(const Introduction& introduction) {
  if (introduction.empty()) return;
  if (!learnt_) learnt_ = std::make_unique<Introduction>();
  if (!introduction.address.empty()) learnt_->address = introduction.address;
  if (!introduction.identity.empty()) learnt_->identity = introduction.identity;
  if (!introduction.cipher.empty()) learnt_->cipher = introduction.cipher;
}

void Line::give(std::span<const mqtt::Bytes> parts, Scratch& scratch) {
  send_down(filters_.size(), parts, scratch);
}

void Line::finish(Scratch& scratch) {
  if (finished_) return;
  finished_ = true;
  for (std::size_t top = has_failed() ? failed_at_ : filters_.size(); top-- > 0;) {
    scratch.answer.clear();
    filters_[top]->finish(scratch.answer);
    const mqtt::Bytes words{scratch.answer};
    if (!words.empty()) send_down(top, {&words, 1}, scratch);
  }
}

// Through the filters below `top`; the lowest one writes for the socket.
void Line::send_down(std::size_t top, std::span<const mqtt::Bytes> parts, Scratch& scratch) {
  borrow(scratch);
  if (top == 0)
    for (const mqtt::Bytes part : parts) sealed_.insert(sealed_.end(), part.begin(), part.end());
  mqtt::Bytes whole;
  for (std::size_t side = 0; top > 0; side ^= 1) {
    mqtt::Buffer& down = top == 1 ? sealed_ : scratch.down[side];
    if (top != 1) down.clear();
    filters_[--top]->give(parts, down);
    whole = down;
    parts = {&whole, 1};
  }
}

void Line::borrow(Scratch& scratch) noexcept {
  if (sealed_.capacity() == 0) sealed_.swap(scratch.spare);
}

void Line::sent(std::size_t count, Scratch& scratch) {
  sent_ += count;
  if (sent_ < sealed_.size()) return;
  sent_ = 0;
  sealed_.clear();
  if (scratch.spare.capacity() == 0 && sealed_.capacity() <= spare_max)
    sealed_.swap(scratch.spare);
  else
    mqtt::Buffer{}.swap(sealed_);
}

std::size_t Line::memory() const noexcept {
  std::size_t sum = sizeof(Line) + sealed_.capacity() + filters_.capacity() * sizeof(Filters::value_type);
  for (const auto& filter : filters_) sum += filter->memory();
  return sum;
}

}  // namespace mortise::net
