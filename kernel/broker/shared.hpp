// What the loops' brokers share. Everything in here is immutable, atomic or locked; see each type.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "broker/interest.hpp"
#include "broker/journal.hpp"
#include "broker/ledger.hpp"
#include "broker/letters.hpp"
#include "broker/numbers.hpp"
#include "broker/options.hpp"
#include "broker/pressure.hpp"
#include "broker/retained.hpp"
#include "broker/shared_groups.hpp"

namespace mortise::broker {

struct Shared {
  // `store` may be null; it, `hooks` and `log` must outlive the brokers.
  Shared(Options chosen, std::uint32_t loops, Store* store, Hooks& decisions, Log& lines)
      : seed{chosen.seed},
        hooks{decisions},
        log{lines},
        journal{store},
        mail{loops},
        interest{loops, seed},
        groups{seed},
        retained{seed, retained_accounts, {}} {
    set_options(std::move(chosen));
    if (!store) numbers.start_unbounded();
    for (std::uint32_t i = 0; i < loops; ++i) ledgers.push_back(std::make_unique<Ledger>());
  }

  // What the operator has decided, as of now. Each loop works with a copy, which it renews between two
  // packets: Broker::renew_options.
  std::shared_ptr<const Options> options() const {
    const std::lock_guard lock{options_mutex_};
    return options_;
  }
  // The seed stays what it is.
  void set_options(Options options) {
    options.seed = seed;
    retained.set_limits(
        {options.retained_messages_max, options.retained_bytes_max, options.retained_payload_max});
    on_failure_.store(options.on_failure, std::memory_order_relaxed);
    const std::lock_guard lock{options_mutex_};
    options_ = std::make_shared<const Options>(std::move(options));
  }

  const base::HashSeed seed;
  Hooks& hooks;
  Log& log;
  // One a loop. Before whatever may hold a message, as letters do: messages give back what they charged.
  std::vector<std::unique_ptr<Ledger>> ledgers;
  Journal journal;
  Numbers numbers;
  Mailroom mail;
  Interest interest;
  SharedGroups groups;
  Accounts retained_accounts;
  RetainedMessages retained;

  std::atomic<Pressure> pressure{Pressure::none};

  std::uint32_t loops() const noexcept { return mail.loops(); }
  // Whether what would have to be stored is refused at present: the store has failed, and the operator did
  // not say that memory will do.
  bool refuses_new() const noexcept {
    return on_failure_.load(std::memory_order_relaxed) == Options::OnFailure::refuse && journal.failing();
  }
  // Bytes of all messages in memory, whoever holds them.
  std::int64_t message_bytes() const noexcept {
    std::int64_t bytes = 0;
    for (const auto& ledger : ledgers) bytes += ledger->accounts.charged(Account::message);
    return bytes;
  }
  // Bytes of all accounts: what limits.memory is held against.
  std::int64_t memory_used() const noexcept {
    std::int64_t bytes = retained_accounts.charged() + groups.accounts().charged();
    for (const auto& ledger : ledgers) bytes += ledger->accounts.charged();
    return bytes;
  }
  std::uint32_t home_of(std::string_view client_id) const noexcept {
    return static_cast<std::uint32_t>(base::hash(seed, client_id) % loops());
  }

 private:
  std::atomic<Options::OnFailure> on_failure_{};
  mutable std::mutex options_mutex_;
  std::shared_ptr<const Options> options_;  // under options_mutex_; never null
};

}  // namespace mortise::broker
