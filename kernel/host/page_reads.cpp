#include "host/page_reads.hpp"

#include <array>
#include <string>
#include <utility>

#include "host/innards.hpp"
#include "host/instance.hpp"

namespace mortise::host {

void PageReads::read(Instance& provider, std::uint64_t request, broker::StoreRead what) {
  std::unique_lock lock{mutex_};
  if (stopped_) return;
  asked_[request] = {&provider, {std::move(what), {}}};
  waiting_.push_back(request);
  if (!posted_) post_next(lock);
}

void PageReads::post_next(std::unique_lock<std::mutex>& lock) {
  auto next = asked_.end();
  while (next == asked_.end() && !waiting_.empty()) {  // a plugin may have ended one before it was asked
    next = asked_.find(waiting_.front());
    waiting_.pop_front();
  }
  posted_ = next != asked_.end();
  if (!posted_) return;
  const std::uint64_t request = next->first;
  Instance* const provider = next->second.provider;
  lock.unlock();
  provider->strand.post_always([this, request] {
    ask(request);
    std::unique_lock again{mutex_};
    post_next(again);
  });
}

void PageReads::stop() {
  const std::lock_guard lock{mutex_};
  stopped_ = true;
  asked_.clear();
  waiting_.clear();
}

// On the strand.
void PageReads::ask(std::uint64_t request) {
  std::vector<mortise_delivery_record_t> deliveries;
  Instance* provider = nullptr;
  {
    const std::lock_guard lock{mutex_};
    const auto found = asked_.find(request);
    if (found == asked_.end()) return;
    provider = found->second.provider;
    for (const broker::StoreRead::Wanted& wanted : found->second.page.read.wanted) {
      mortise_delivery_record_t& delivery = deliveries.emplace_back();
      delivery = {};
      delivery.number = wanted.delivery;
      delivery.message = wanted.message;
    }
  }
  const mortise_read_t what{sizeof what, MORTISE_READ_MESSAGES, request, deliveries.data(),
                            deliveries.size()};
  const mortise_status_t status = provider->guarded("store.read", mortise_status_t{MORTISE_E_INTERNAL}, [&] {
    return provider->manifest.store->read(provider->self, &what);
  });
  if (status != MORTISE_OK) done(request, status);
}

std::optional<mortise_status_t> PageReads::emit(std::uint64_t request, const mortise_record_t& record) {
  broker::Shared* const shared = in_.shared.load();
  const std::lock_guard lock{mutex_};
  const auto found = asked_.find(request);
  if (found == asked_.end() || !shared) return {};
  broker::Page& page = found->second.page;
  // One that makes no sense is as good as none: the broker sees that it is missing.
  if (record.kind == MORTISE_REC_MESSAGE)
    if (auto message = restore_message(record, shared->ledgers[page.read.loop]->accounts))
      page.messages.push_back(std::move(message));
  return MORTISE_OK;
}

std::optional<mortise_status_t> PageReads::done(std::uint64_t request, mortise_status_t status) {
  broker::Page page;
  {
    const std::lock_guard lock{mutex_};
    const auto found = asked_.find(request);
    if (found == asked_.end()) return {};
    if (status == MORTISE_OK) {
      failing_ = false;
      page = std::move(found->second.page);
      asked_.erase(found);
    } else {
      found->second.page.messages.clear();
    }
  }
  if (status != MORTISE_OK)
    ask_again(request, status);
  else if (Loops* const loops = in_.loops.load()) {
    const std::uint32_t loop = page.read.loop;
    loops->post(loop, [page = std::move(page)](broker::Broker& broker) { broker.on_page(page); });
  }
  return MORTISE_OK;
}

// A new request each time: an answer that comes late to the old one is nobody's.
void PageReads::ask_again(std::uint64_t request, mortise_status_t why) {
  bool is_new = false;
  std::string name;
  {
    const std::lock_guard lock{mutex_};
    const auto found = asked_.find(request);
    if (found == asked_.end()) return;
    is_new = !std::exchange(failing_, true);
    name = found->second.provider->name();
  }
  in_.clock.ring_at(monotonic_now() + retry_period, [this, request] {
    Asked again;
    {
      const std::lock_guard lock{mutex_};
      const auto found = asked_.find(request);
      if (found == asked_.end()) return;
      again = std::move(found->second);
      asked_.erase(found);
    }
    in_.store.read(std::move(again.page.read));
  });
  if (!is_new) return;
  const std::string status = std::to_string(why);
  const std::array<broker::Log::Field, 2> fields{{{"plugin", name}, {"status", status}}};
  in_.log.write(broker::LogLevel::error, "store", "store.read_failed",
                "the store cannot give back messages that wait for clients; it is asked again until it can",
                nullptr, fields);
}

}  // namespace mortise::host
