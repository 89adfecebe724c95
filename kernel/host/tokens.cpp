#include "host/tokens.hpp"

namespace mortise::host {

namespace {

base::Handle<Tokens> raw_handle(mortise_token_t token) { return base::Handle<Tokens>::from(token.id); }

}  // namespace

mortise_token_t Tokens::open(const Instance& owner, base::TimePoint deadline) {
  const std::lock_guard lock{mutex_};
  const Key key = owed_.emplace();
  Owed& owed = owed_.at(key);
  owed.owner = &owner;
  owed.deadline = deadline;
  ++open_[&owner];
  return {key.value()};
}

bool Tokens::give(mortise_token_t token, base::TimePoint wished) {
  const Key key{raw_handle(token).index, raw_handle(token).generation};
  const std::lock_guard lock{mutex_};
  Owed* const owed = owed_.find(key);
  if (!owed) return false;
  owed->given = true;
  if (wished >= owed->deadline) return true;
  owed->deadline = wished;
  if (owed->committed) {
    clock_.cancel(owed->alarm);
    owed->alarm = clock_.ring_at(wished, [this, key] { expire(key); });
  }
  return true;
}

std::optional<Said> Tokens::commit(mortise_token_t token, Tell tell) {
  const Key key{raw_handle(token).index, raw_handle(token).generation};
  const std::lock_guard lock{mutex_};
  Owed& owed = owed_.at(key);
  if (owed.early) {
    std::optional<Said> early = std::move(owed.early);
    erase(key);
    return early;
  }
  owed.committed = true;
  owed.tell = std::move(tell);
  owed.alarm = clock_.ring_at(owed.deadline, [this, key] { expire(key); });
  return {};
}

void Tokens::abandon(mortise_token_t token) {
  const Key key{raw_handle(token).index, raw_handle(token).generation};
  const std::lock_guard lock{mutex_};
  if (owed_.find(key)) erase(key);
}

bool Tokens::answer(const Instance& owner, mortise_token_t token, Said said) {
  const Key key{raw_handle(token).index, raw_handle(token).generation};
  Tell tell;
  {
    const std::lock_guard lock{mutex_};
    Owed* owed = owed_.find(key);
    if (!owed || owed->owner != &owner || owed->early) return false;
    if (!owed->committed) {
      owed->early = std::move(said);
      return true;
    }
    tell = std::move(owed->tell);
    clock_.cancel(owed->alarm);
    erase(key);
  }
  tell({Settled::answered, true}, std::move(said));
  return true;
}

bool Tokens::is_open(mortise_token_t token) {
  const std::lock_guard lock{mutex_};
  return owed_.find({raw_handle(token).index, raw_handle(token).generation}) != nullptr;
}

void Tokens::expire(Key key) {
  Tell tell;
  bool given = false;
  {
    const std::lock_guard lock{mutex_};
    Owed* owed = owed_.find(key);
    if (!owed) return;
    tell = std::move(owed->tell);
    given = owed->given;
    erase(key);
  }
  tell({Settled::expired, given}, {});
}

void Tokens::cancel(mortise_token_t token) {
  const Key key{raw_handle(token).index, raw_handle(token).generation};
  Tell tell;
  bool given = false;
  {
    const std::lock_guard lock{mutex_};
    Owed* owed = owed_.find(key);
    if (!owed || !owed->committed) return;
    clock_.cancel(owed->alarm);
    tell = std::move(owed->tell);
    given = owed->given;
    erase(key);
  }
  tell({Settled::client_gone, given}, {});
}

void Tokens::cancel_all(const Instance& owner) {
  struct Cancelled {
    Tell tell;
    bool given;
  };
  std::vector<Cancelled> cancelled;
  {
    const std::lock_guard lock{mutex_};
    owed_.each([&](Key key, Owed& owed) {
      if (owed.owner != &owner || !owed.committed) return;
      clock_.cancel(owed.alarm);
      cancelled.push_back({std::move(owed.tell), owed.given});
      erase(key);
    });
  }
  for (const Cancelled& one : cancelled) one.tell({Settled::drained, one.given}, {});
}

std::size_t Tokens::open_of(const Instance& owner) {
  const std::lock_guard lock{mutex_};
  const auto found = open_.find(&owner);
  return found == open_.end() ? 0 : found->second;
}

void Tokens::erase(Key key) {
  --open_[owed_.at(key).owner];
  owed_.erase(key);
}

}  // namespace mortise::host
