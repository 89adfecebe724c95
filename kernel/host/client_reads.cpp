#include "host/client_reads.hpp"

#include <algorithm>
#include <vector>

#include "broker/broker.hpp"
#include "host/abi_text.hpp"
#include "host/innards.hpp"
#include "host/instance.hpp"
#include "host/views.hpp"
#include "mqtt/topic.hpp"

namespace mortise::host {

namespace {

constexpr std::uint32_t sessions_a_page = 300;

// A session as it was on its loop.
struct KeptSession {
  explicit KeptSession(const broker::SessionFacts& of)
      : facts{of},
        client_id{of.client.client_id},
        username{of.client.username},
        address{of.client.address},
        identity{of.client.identity},
        cipher{of.client.cipher} {}

  void show(const Instance& instance, mortise_client_fn fn, void* context) const {
    broker::SessionFacts shown = facts;
    shown.client.client_id = client_id;
    shown.client.username = username;
    shown.client.address = address;
    shown.client.identity = identity;
    shown.client.cipher = cipher;
    ClientView view{shown.client};
    mortise_client_info_t info{};
    info.size = sizeof info;
    info.subscriptions = facts.subscriptions;
    info.client = view.for_instance(instance);
    info.queued_messages = facts.queued;
    info.queued_bytes = facts.queued_bytes;
    if (facts.expires != base::WallTime::max())
      info.ends_unix_ms =
          static_cast<std::uint64_t>(std::max<std::int64_t>(0, base::to_unix_ms(facts.expires)));
    info.stored = facts.is_stored;
    info.oldest_unix_ms =
        static_cast<std::uint64_t>(std::max<std::int64_t>(0, base::to_unix_ms(facts.oldest)));
    fn(context, MORTISE_OK, &info);
  }

  broker::SessionFacts facts;
  std::string client_id, username, address, identity, cipher;
};
using Page = std::vector<KeptSession>;

struct KeptSubscription {
  std::string filter;
  mqtt::SubscriptionOptions options;
  std::uint32_t identifier;

  void show(mortise_subscription_fn fn, void* context) const {
    const mqtt::SharedFilter parts = mqtt::split_shared(filter);
    mortise_subscription_t raw{};
    raw.size = sizeof raw;
    raw.identifier = identifier;
    raw.qos = static_cast<std::uint8_t>(options.maximum_qos);
    raw.no_local = options.no_local;
    raw.retain_as_published = options.retain_as_published;
    raw.retain_handling = static_cast<std::uint8_t>(options.retain_handling);
    raw.filter = abi_str(parts.shared ? parts.filter : std::string_view{filter});
    if (parts.shared) raw.share = abi_str(parts.share);
    fn(context, MORTISE_OK, &raw);
  }
};

bool fits(const ClientQuery& query, const broker::SessionFacts& facts) {
  const broker::ClientFacts& client = facts.client;
  if (query.only_connected && !client.connected) return false;
  if (query.only_away && client.connected) return false;
  if (!query.listener.empty() && (!client.listener || client.listener->name != query.listener)) return false;
  return client.client_id.starts_with(query.id_prefix) &&
         (query.username.empty() || client.username == query.username);
}

}  // namespace

// ---- questions, from their first to their last answer

ClientReads::AskRef ClientReads::begin(Instance& asks, std::function<void(mortise_status_t)> end) {
  const auto ask = std::make_shared<Ask>(asks, std::move(end));
  const std::lock_guard lock{mutex_};
  open_.insert(ask);
  return ask;
}

void ClientReads::show(const AskRef& ask, std::function<void()> what) {
  const std::lock_guard lock{mutex_};
  if (!open_.contains(ask)) return;
  ask->asks.strand.post_always(
      [ask, what = std::move(what)] { ask->asks.guarded("clients", [&] { what(); }); });
}

void ClientReads::finish(const AskRef& ask, mortise_status_t status) {
  const std::lock_guard lock{mutex_};
  if (open_.erase(ask) == 0) return;
  ask->asks.strand.post_always(
      [ask, status] { ask->asks.guarded("clients.done", [&] { ask->end(status); }); });
}

void ClientReads::cancel_all(const Instance& of) {
  std::vector<AskRef> theirs;
  {
    const std::lock_guard lock{mutex_};
    for (const AskRef& ask : open_)
      if (&ask->asks == &of) theirs.push_back(ask);
  }
  for (const AskRef& ask : theirs) finish(ask, MORTISE_E_STATE);
}

// If the loops have ended, the end of the instance answers.
void ClientReads::on_loop(const AskRef& ask, std::uint32_t loop, OnLoop what) {
  if (Loops* const loops = in_.loops.load())
    loops->post(loop, std::move(what));
  else
    finish(ask, MORTISE_E_STATE);
}

std::uint32_t ClientReads::home_of(const std::string& client_id) const {
  const broker::Shared* const shared = in_.shared.load();
  return shared ? shared->home_of(client_id) : 0;
}

// ---- the questions

void ClientReads::find(Instance& asks, std::string client_id, mortise_client_fn fn, void* context) {
  const AskRef ask = begin(asks, [fn, context](mortise_status_t status) {
    if (status != MORTISE_OK) fn(context, status, nullptr);
  });
  const std::uint32_t home = home_of(client_id);
  on_loop(ask, home, [this, ask, client_id = std::move(client_id), fn, context](broker::Broker& broker) {
    const bool is_there = broker.show_session(client_id, [&](const broker::SessionFacts& facts) {
      show(ask, [ask, kept = KeptSession{facts}, fn, context] { kept.show(ask->asks, fn, context); });
    });
    finish(ask, is_there ? MORTISE_OK : MORTISE_E_UNKNOWN);
  });
}

void ClientReads::list(Instance& asks, ClientQuery query, mortise_client_fn fn, void* context) {
  const AskRef ask = begin(asks, [fn, context](mortise_status_t status) { fn(context, status, nullptr); });
  next_page(ask, std::make_shared<ClientQuery>(std::move(query)), fn, context, 0, 0);
}

// The strand asks for the next page when it has shown this one, so that one is under way at most.
void ClientReads::next_page(const AskRef& ask, const std::shared_ptr<ClientQuery>& query,
                            mortise_client_fn fn, void* context, std::uint32_t loop, std::uint32_t from) {
  on_loop(ask, loop, [this, ask, query, fn, context, loop, from](broker::Broker& broker) {
    const auto page = std::make_shared<Page>();
    const std::uint32_t next =
        broker.list_sessions(from, sessions_a_page, [&](const broker::SessionFacts& facts) {
          if (page->size() < query->most && fits(*query, facts)) page->emplace_back(facts);
        });
    query->most -= page->size();
    show(ask, [this, ask, query, page, fn, context, loop, next] {
      for (const KeptSession& kept : *page) kept.show(ask->asks, fn, context);
      const std::uint32_t then = next == 0 ? loop + 1 : loop;
      if (query->most == 0 || then == in_.options.loops)
        finish(ask, MORTISE_E_END);
      else
        next_page(ask, query, fn, context, then, next);
    });
  });
}

void ClientReads::subscriptions(Instance& asks, std::string client_id, mortise_subscription_fn fn,
                                void* context) {
  const AskRef ask = begin(asks, [fn, context](mortise_status_t status) { fn(context, status, nullptr); });
  const std::uint32_t home = home_of(client_id);
  on_loop(ask, home, [this, ask, client_id = std::move(client_id), fn, context](broker::Broker& broker) {
    std::vector<KeptSubscription> all;
    const bool is_there = broker.list_subscriptions(client_id, [&](const broker::SubscriptionFacts& facts) {
      all.push_back({std::string{facts.filter}, facts.options, facts.identifier});
    });
    show(ask, [all = std::move(all), fn, context] {
      for (const KeptSubscription& kept : all) kept.show(fn, context);
    });
    finish(ask, is_there ? MORTISE_E_END : MORTISE_E_UNKNOWN);
  });
}

void ClientReads::kick(Instance& asks, std::string client_id, broker::Kick how, std::string why,
                       mortise_done_fn done, void* context) {
  const AskRef ask = begin(asks, [done, context](mortise_status_t status) {
    if (done) done(context, status, MORTISE_MEMORY);
  });
  const std::uint32_t home = home_of(client_id);
  on_loop(ask, home,
          [this, ask, client_id = std::move(client_id), how, why = std::move(why)](broker::Broker& broker) {
            finish(ask, broker.kick(client_id, how, why) ? MORTISE_OK : MORTISE_E_UNKNOWN);
          });
}

}  // namespace mortise::host
