#include "host/inline_clients.hpp"

#include <algorithm>

#include "broker/shared.hpp"
#include "host/innards.hpp"
#include "host/instance.hpp"

namespace mortise::host {

namespace {

void prepare(broker::Listener& listener, bool asks_hooks) {
  listener.name = "inline";
  listener.is_inline = true;
  listener.asks_hooks = asks_hooks;
}

}  // namespace

InlineClients::InlineClients(Innards& inside, std::uint32_t loops) : in_{inside}, on_loops_(loops) {
  prepare(trusted_, false);
  prepare(asked_, true);
}

mortise_status_t InlineClients::open(Instance& owner, const mortise_inline_open_t& how,
                                     mortise_inline_t& client) {
  const std::lock_guard lock{mutex_};
  const auto is_owners = [&](const auto& entry) { return &entry.second->owner() == &owner; };
  if (static_cast<std::size_t>(std::ranges::count_if(all_, is_owners)) >= open_max) return MORTISE_E_LIMIT;
  const std::uint64_t id = ++last_id_;
  const bool asks = (how.flags & MORTISE_INLINE_THROUGH_HOOKS) != 0;
  const auto made = std::make_shared<InlineClient>(owner, id, asks ? asked_ : trusted_, how);
  all_.emplace(id, made);
  client.id = id;
  if (std::ranges::count(begun_, &owner) != 0) begin(*made);
  return MORTISE_OK;
}

void InlineClients::begin(InlineClient& client) {
  if (const broker::Shared* const shared = in_.shared.load())
    client.begin(shared->home_of(client.client_id()));
}

std::shared_ptr<InlineClient> InlineClients::find(const Instance& owner, mortise_inline_t client) {
  const std::lock_guard lock{mutex_};
  const auto found = all_.find(client.id);
  return found == all_.end() || &found->second->owner() != &owner ? nullptr : found->second;
}

std::size_t InlineClients::open_of(const Instance& owner) {
  const std::lock_guard lock{mutex_};
  return static_cast<std::size_t>(
      std::ranges::count_if(all_, [&](const auto& entry) { return &entry.second->owner() == &owner; }));
}

void InlineClients::close_all(const Instance& owner) {
  std::vector<std::shared_ptr<InlineClient>> theirs;
  bool is_alive = false;  // they have been given to the loops
  {
    const std::lock_guard lock{mutex_};
    is_alive = in_.loops.load() && std::ranges::count(begun_, &owner) != 0;
    for (const auto& [id, client] : all_)
      if (&client->owner() == &owner) theirs.push_back(client);
  }
  for (const auto& client : theirs) {
    if (is_alive) {
      client->close(false);
    } else {
      client->give_up();
      forget(*client);
    }
  }
}

void InlineClients::begin_all(const Instance& owner) {
  const std::lock_guard lock{mutex_};
  begun_.push_back(&owner);
  for (const auto& [id, client] : all_)
    if (&client->owner() == &owner) begin(*client);
}

void InlineClients::forget(const InlineClient& client) {
  const std::lock_guard lock{mutex_};
  all_.erase(client.id());
}

// ---- on a loop

void InlineClients::enter(std::shared_ptr<InlineClient> client) {
  OnLoop& here = on_loops_[client->loop()];
  const std::uint64_t key = client->key().value();
  here.emplace(key, std::move(client));
}

std::shared_ptr<InlineClient> InlineClients::find(const OnLoop& here, broker::ClientKey key) {
  const auto found = here.find(key.value());
  return found == here.end() ? nullptr : found->second;
}

// The lists may grow while they are walked.
void InlineClients::on_resumed(std::uint32_t loop, broker::Broker& broker) {
  OnLoop& here = on_loops_[loop];
  if (here.empty()) return;
  const auto& resumed = broker.effects().resume;
  for (std::size_t i = 0; i < resumed.size(); ++i)
    if (const auto client = find(here, resumed[i])) client->on_resumed(broker);
}

void InlineClients::on_output(std::uint32_t loop, broker::Broker& broker) {
  OnLoop& here = on_loops_[loop];
  if (here.empty()) return;
  const auto& flush = broker.effects().flush;
  for (std::size_t i = 0; i < flush.size(); ++i)
    if (const auto client = find(here, flush[i])) client->on_output(broker);
  const auto& close = broker.effects().close;
  for (std::size_t i = 0; i < close.size(); ++i) {
    const auto client = find(here, close[i]);
    if (!client) continue;
    client->on_closed(broker);
    here.erase(client->key().value());
    forget(*client);
  }
}

}  // namespace mortise::host
