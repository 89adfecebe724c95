#include "host/store_port.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "host/abi_text.hpp"
#include "host/innards.hpp"
#include "host/instance.hpp"

namespace mortise::host {

namespace {

constexpr base::Duration read_patience =
    std::chrono::hours{24};  // a large store on a slow card; a person may stop us

std::string text_of(mortise_status_t status) {
  switch (status) {
    case MORTISE_E_FULL: return "there is no room";
    case MORTISE_E_IO: return "the operating system failed a request";
    case MORTISE_E_DAMAGED: return "stored data is not what was written";
    case MORTISE_E_MEMORY: return "there is no memory";
    case MORTISE_E_STATE: return "it takes nothing at present";
    default: return "status " + std::to_string(status);
  }
}

// What the store says about itself; good when it says nothing.
mortise_health_t health_of(Instance& provider) {
  mortise_health_t health{};
  health.size = sizeof health;
  const mortise_status_t told = provider.guarded("store.health", mortise_status_t{MORTISE_E_INTERNAL}, [&] {
    return provider.manifest.store->health(provider.self, &health);
  });
  if (told != MORTISE_OK) health = {};
  health.text[sizeof health.text - 1] = '\0';
  return health;
}

// In its own words when it has some.
std::string health_text(Instance& provider, mortise_status_t status) {
  const mortise_health_t health = health_of(provider);
  return health.text[0] != '\0' ? health.text : text_of(status);
}

}  // namespace

broker::Journal* StorePort::journal() const {
  broker::Shared* const shared = in_.shared.load();
  return shared ? &shared->journal : nullptr;
}

// ---- to the plugin

void StorePort::hand_over(broker::Batch batch) {
  const std::lock_guard lock{mutex_};
  handed_over_.push_back(std::move(batch));
  schedule();
}

void StorePort::read(broker::StoreRead what) {
  std::uint64_t request = 0;
  {
    const std::lock_guard lock{mutex_};
    request = ++last_request_;
  }
  pages_.read(*provider_, request, std::move(what));
}

base::Duration StorePort::lag(broker::Level level) const {
  const std::lock_guard lock{mutex_};
  const std::uint64_t reached = level == broker::Level::synced ? synced_ : counted_;
  const auto first =
      std::ranges::find_if(held_, [&](const auto& batch) { return batch->sequence() > reached; });
  return first == held_.end() ? base::Duration::zero() : monotonic_now() - (*first)->since();
}

void StorePort::schedule() {
  if (scheduled_ || retry_is_due_ || finished_) return;
  scheduled_ = provider_->strand.post_always([this] { offer(); });
}

// On the strand: everything that waits, in one call.
void StorePort::offer() {
  std::vector<broker::Batch> fresh;
  {
    const std::lock_guard lock{mutex_};
    scheduled_ = false;
    fresh.swap(handed_over_);
  }
  std::vector<std::shared_ptr<StoredBatch>> made;
  const base::TimePoint now = monotonic_now();
  for (broker::Batch& batch : fresh) made.push_back(std::make_shared<StoredBatch>(std::move(batch), now));

  std::vector<std::shared_ptr<StoredBatch>>
      offered;  // kept alive through the call, whatever becomes synced in it
  std::vector<const mortise_batch_t*> batches;
  std::uint64_t first = 0;
  {
    const std::lock_guard lock{mutex_};
    held_.insert(held_.end(), made.begin(), made.end());
    for (const auto& batch : held_)
      if (batch->sequence() > offered_to_) offered.push_back(batch);
    if (offered.empty()) return;
    for (const auto& batch : offered) batches.push_back(batch->abi());
    first = offered.front()->sequence();
    offered_to_ = offered.back()->sequence();
  }
  std::size_t bytes = 0;
  for (const auto& batch : offered) bytes += batch->memory();
  commit_sizes_.bytes.observe(static_cast<double>(bytes));
  commit_sizes_.batches.observe(static_cast<double>(batches.size()));
  const mortise_status_t status = provider_->guarded(
      "store.commit", mortise_status_t{MORTISE_E_INTERNAL},
      [&] { return provider_->manifest.store->commit(provider_->self, batches.data(), batches.size()); });
  if (status != MORTISE_OK) fail_from(first, status);
  look_at_health();
}

void StorePort::fail_from(std::uint64_t sequence, mortise_status_t status) {
  {
    const std::lock_guard lock{mutex_};
    failed_from_ = std::exchange(refuses_, true) ? std::min(failed_from_, sequence) : sequence;
    offered_to_ = std::min(offered_to_, sequence - 1);
    written_ = std::min(written_, sequence - 1);
    if (!retry_is_due_) {
      retry_is_due_ = true;
      in_.clock.ring_at(monotonic_now() + retry_period, [this] {
        const std::lock_guard again{mutex_};
        retry_is_due_ = false;
        schedule();
      });
    }
  }
  tell_broker(health_text(*provider_, status));
}

// On the strand: after each attempt, and by the clock while the store is unwell, because then there may be
// nothing to attempt.
void StorePort::look_at_health() {
  const mortise_health_t health = health_of(*provider_);
  {
    const std::lock_guard lock{mutex_};
    is_unwell_ = health.state == MORTISE_STORE_FULL || health.state == MORTISE_STORE_BROKEN;
    if (is_unwell_ && !look_is_due_ && !finished_) {
      look_is_due_ = true;
      in_.clock.ring_at(monotonic_now() + retry_period, [this] {
        const std::lock_guard again{mutex_};
        look_is_due_ = false;
        if (!finished_) provider_->strand.post_always([this] { look_at_health(); });
      });
    }
  }
  tell_broker(health.text[0] != '\0'               ? health.text
              : health.state == MORTISE_STORE_FULL ? "it is full"
                                                   : "it is broken");
}

// Says what has changed, once, to the broker and to the log. `why` is for a store that fails.
void StorePort::tell_broker(const std::string& why) {
  bool failing = false;
  {
    const std::lock_guard lock{mutex_};
    failing = refuses_ || is_unwell_;
    if (failing_ == failing) return;
    failing_ = failing;
    if (broker::Journal* lines = journal()) lines->set_failing(failing);
  }
  const std::array<broker::Log::Field, 2> fields{{{"plugin", provider_->name()}, {"reason", why}}};
  if (failing)
    in_.log.write(broker::LogLevel::error, "store", "store.failing",
                  "the store cannot keep anything new at present; it is tried again until it can", nullptr,
                  fields);
  else
    in_.log.write(broker::LogLevel::notice, "store", "store.recovered", "the store keeps batches again",
                  nullptr, std::span{fields}.first(1));
  in_.wake_loops();
}

// ---- from the plugin

mortise_status_t StorePort::durable(std::uint64_t sequence, std::uint32_t level, mortise_status_t status) {
  if (level != MORTISE_WRITTEN && level != MORTISE_SYNCED) return MORTISE_E_INVALID;
  {
    const std::lock_guard lock{mutex_};
    if (sequence == 0 || sequence > offered_to_) return MORTISE_E_INVALID;
    if (sequence <= synced_ && !(status == MORTISE_OK && sequence == synced_)) return MORTISE_E_INVALID;
    if (status == MORTISE_OK && level == MORTISE_WRITTEN && sequence < written_) return MORTISE_E_INVALID;
  }
  if (status == MORTISE_OK)
    rise(sequence, level);
  else
    fail_from(sequence, status);
  return MORTISE_OK;
}

void StorePort::rise(std::uint64_t sequence, std::uint32_t level) {
  std::vector<std::shared_ptr<StoredBatch>> finished;  // their messages end outside the lock
  std::size_t bytes = 0;
  {
    const std::lock_guard lock{mutex_};
    for (const auto& batch : held_)
      if (batch->sequence() > counted_ && batch->sequence() <= sequence) bytes += batch->memory();
    counted_ = std::max(counted_, sequence);
    written_ = std::max(written_, sequence);
    if (level == MORTISE_SYNCED) {
      synced_ = std::max(synced_, sequence);
      while (!held_.empty() && held_.front()->sequence() <= synced_) {
        finished.push_back(std::move(held_.front()));
        held_.pop_front();
      }
    }
    if (!retry_is_due_ && sequence >= failed_from_) refuses_ = false;
  }
  if (broker::Journal* lines = journal()) lines->durable(sequence, static_cast<broker::Level>(level), bytes);
  tell_broker({});
  in_.wake_loops();
}

mortise_status_t StorePort::emit(std::uint64_t request, const mortise_record_t& record) {
  if (const auto answered = pages_.emit(request, record)) return *answered;
  const std::lock_guard lock{mutex_};
  if (!request_ || request_->number != request || !request_->to || request_->status) return MORTISE_E_UNKNOWN;
  if (!restore_record(record, *request_->to)) ++request_->senseless;
  return MORTISE_OK;
}

mortise_status_t StorePort::emit_deliveries(std::uint64_t request,
                                            const mortise_delivery_record_t* deliveries, std::size_t count) {
  const std::lock_guard lock{mutex_};
  if (!request_ || request_->number != request || !request_->to || request_->status) return MORTISE_E_UNKNOWN;
  for (std::size_t i = 0; i < count; ++i)
    if (!restore_delivery(deliveries[i], *request_->to)) ++request_->senseless;
  return MORTISE_OK;
}

mortise_status_t StorePort::done(std::uint64_t request, mortise_status_t status) {
  if (const auto answered = pages_.done(request, status)) return *answered;
  const std::lock_guard lock{mutex_};
  if (!request_ || request_->number != request || request_->status) return MORTISE_E_UNKNOWN;
  request_->status = status;
  changed_.notify_all();
  return MORTISE_OK;
}

// ---- reads and flushes

std::optional<mortise_status_t> StorePort::ask(Request wanted, base::Duration patience,
                                               const std::function<mortise_status_t(std::uint64_t)>& call,
                                               std::size_t& senseless) {
  std::uint64_t number = 0;
  {
    const std::lock_guard lock{mutex_};
    number = wanted.number = ++last_request_;
    request_ = wanted;
  }
  provider_->strand.post_always([this, number, call] {
    const mortise_status_t status = provider_->guarded("store.request", mortise_status_t{MORTISE_E_INTERNAL},
                                                       [&] { return call(number); });
    if (status != MORTISE_OK) done(number, status);
  });
  std::unique_lock lock{mutex_};
  changed_.wait_for(lock, patience, [this] { return request_->status.has_value(); });
  const Request answered = *std::exchange(request_, std::nullopt);
  senseless = answered.senseless;
  return answered.status;
}

std::string StorePort::restore(broker::Restorer& to) {
  std::size_t senseless = 0;
  Request request;
  request.to = &to;
  const auto status = ask(
      request, read_patience,
      [this](std::uint64_t number) {
        const mortise_read_t read{sizeof read, MORTISE_READ_ALL, number, nullptr, 0};
        return provider_->manifest.store->read(provider_->self, &read);
      },
      senseless);
  if (!status) return "the store did not answer";
  if (*status != MORTISE_OK) return health_text(*provider_, *status);
  if (senseless != 0) {
    const std::string count = std::to_string(senseless);
    const std::array<broker::Log::Field, 2> fields{{{"plugin", provider_->name()}, {"records", count}}};
    in_.log.write(broker::LogLevel::error, "store", "store.senseless_records",
                  "the store gave back records that make no sense; they were left out", nullptr, fields);
  }
  return {};
}

std::string StorePort::finish(base::Duration patience) {
  pages_.stop();
  std::size_t senseless = 0;
  const auto status = ask(
      {}, patience,
      [this](std::uint64_t number) {
        offer();
        return provider_->manifest.store->flush(provider_->self, number);
      },
      senseless);
  const std::string problem = status && *status != MORTISE_OK ? health_text(*provider_, *status) : "";
  const std::lock_guard lock{mutex_};
  finished_ = true;
  if (!status) return "the store did not finish in time";
  if (!problem.empty()) return problem;
  if (held_.empty() && handed_over_.empty()) return {};
  return std::to_string(held_.size() + handed_over_.size()) + " batches could not be stored";
}

void StorePort::forget_all() {
  pages_.stop();
  const std::lock_guard lock{mutex_};
  handed_over_.clear();
  held_.clear();
}

}  // namespace mortise::host
