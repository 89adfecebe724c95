#include "store_host.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace mortise::store_sqlite::test {

using mortise::test::copy;
using mortise::test::FakeHost;
using mortise::test::lend;

StoreHost& StoreHost::of(const mortise_host_t* host) {
  return static_cast<StoreHost&>(*static_cast<FakeHost*>(host->context));
}

StoreHost::StoreHost(std::string state_dir) : state_dir_{std::move(state_dir)} {
  mine_ = *FakeHost::raw();
  mine_.context = static_cast<FakeHost*>(this);
  mine_.state_dir = lend(state_dir_);
  mine_.config_dir = lend(state_dir_);
  // The fake's own service() for all but the store and the log, which threads of the plugin write to.
  mine_.service = [](const mortise_host_t* host, const char* id, const void** table) -> mortise_status_t {
    auto& self = of(host);
    if (std::string_view{id} == MORTISE_HOST_STORE)
      *table = &self.store_;
    else if (std::string_view{id} == MORTISE_HOST_LOG)
      *table = &self.log_;
    else
      return self.FakeHost::raw()->service(self.FakeHost::raw(), id, table);
    return MORTISE_OK;
  };
  mine_.answer = [](const mortise_host_t* host, mortise_token_t token, mortise_answer_t said,
                    const mortise_verdict_t* verdict) -> mortise_status_t {
    mortise::test::Said kept;
    kept.answer = said;
    if (verdict) {
      kept.data = copy(verdict->data);
      kept.reason_string = copy(verdict->reason_string);
      kept.remedy = copy(verdict->remedy);
    }
    const std::lock_guard lock{of(host).mutex_};
    EXPECT_TRUE(of(host).answers_.emplace(token.id, kept).second) << "answered twice";
    of(host).changed_.notify_all();
    return MORTISE_OK;
  };
  log_ = {sizeof log_, 0, [](const mortise_host_t*) -> std::int32_t { return MORTISE_DEBUG; },
          [](const mortise_host_t* host, const mortise_log_event_t* line) {
            const std::lock_guard lock{of(host).mutex_};
            of(host).lines_.push_back(copy(line->event) + ": " + copy(line->text));
          }};
  set_store();
}

void StoreHost::set_store() {
  store_.size = sizeof store_;
  store_.durable = [](const mortise_host_t* host, std::uint64_t sequence, std::uint32_t level,
                      mortise_status_t status) -> mortise_status_t {
    const std::lock_guard lock{of(host).mutex_};
    of(host).told_.push_back({sequence, level, status});
    of(host).changed_.notify_all();
    return MORTISE_OK;
  };
  store_.emit = [](const mortise_host_t* host, std::uint64_t,
                   const mortise_record_t* record) -> mortise_status_t {
    auto& self = of(host);
    if (self.emits_until_refusal-- == 0) return MORTISE_E_MEMORY;
    self.emitted(name_of(record->kind));
    self.read.put(*record);
    return MORTISE_OK;
  };
  store_.emit_delivery = [](const mortise_host_t* host, std::uint64_t, const mortise_delivery_record_t* list,
                            std::size_t count) -> mortise_status_t {
    of(host).emitted("delivery");
    for (std::size_t i = 0; i < count; ++i) of(host).read.put(list[i]);
    return MORTISE_OK;
  };
  store_.done = [](const mortise_host_t* host, std::uint64_t request,
                   mortise_status_t status) -> mortise_status_t {
    const std::lock_guard lock{of(host).mutex_};
    EXPECT_TRUE(of(host).done_.emplace(request, status).second) << "done() twice for " << request;
    of(host).changed_.notify_all();
    return MORTISE_OK;
  };
  store_.set_aside = [](const mortise_host_t* host, const mortise_set_aside_t* what) -> mortise_status_t {
    of(host).aside.push_back(
        {copy(what->path), copy(what->kept_as), copy(what->reason), what->replaced != 0});
    return MORTISE_OK;
  };
}

void StoreHost::emitted(const std::string& kind) {
  if (kinds.empty() || kinds.back() != kind) kinds.push_back(kind);
}

void StoreHost::wait_for(std::uint64_t sequence, std::uint32_t level) {
  std::unique_lock lock{mutex_};
  const bool came = changed_.wait_for(lock, std::chrono::seconds{20}, [&] {
    return std::ranges::any_of(told_, [&](const Told& one) {
      return one.status != MORTISE_OK || (one.sequence >= sequence && one.level >= level);
    });
  });
  EXPECT_TRUE(came) << "batch " << sequence << " did not reach level " << level;
}

mortise::test::Said StoreHost::wait_for_answer(std::uint64_t token) {
  std::unique_lock lock{mutex_};
  const bool came =
      changed_.wait_for(lock, std::chrono::seconds{20}, [&] { return answers_.contains(token); });
  EXPECT_TRUE(came) << "nobody answered the token " << token;
  return answers_[token];
}

void StoreHost::wait_for_done(std::uint64_t request) {
  std::unique_lock lock{mutex_};
  EXPECT_TRUE(changed_.wait_for(lock, std::chrono::seconds{20}, [&] { return done_.contains(request); }));
}

std::vector<Told> StoreHost::told() const {
  const std::lock_guard lock{mutex_};
  return told_;
}

std::uint64_t StoreHost::line(std::uint32_t level) const {
  std::uint64_t out = 0;
  for (const Told& one : told())
    if (one.status == MORTISE_OK && one.level >= level) out = std::max(out, one.sequence);
  return out;
}

mortise_status_t StoreHost::done(std::uint64_t request) const {
  const std::lock_guard lock{mutex_};
  const auto found = done_.find(request);
  return found == done_.end() ? MORTISE_E_UNKNOWN : found->second;
}

std::vector<std::string> StoreHost::log() const {
  const std::lock_guard lock{mutex_};
  return lines_;
}

bool StoreHost::logged(const std::string& event) const {
  const auto said = log();
  return std::ranges::any_of(said, [&](const std::string& line) { return line.starts_with(event + ":"); });
}

}  // namespace mortise::store_sqlite::test
