#include "host/psk_finder.hpp"

#include <string.h>

#include <algorithm>

#include "config/finding.hpp"
#include "host/abi_text.hpp"
#include "host/decisions.hpp"
#include "host/innards.hpp"
#include "host/instance.hpp"
#include "mortise/draft/psk.h"

namespace mortise::host {

namespace {

using broker::PskAnswer;
using Outcome = PskAnswer::Outcome;

static_assert(MORTISE_PSK_KEY_MAX == broker::PskKey::size_max);
static_assert(MORTISE_PSK_IDENTITY_MAX == broker::PskKey::identity_size_max);

bool asks(const PskListener& listener, const Instance& instance) {
  return listener.plugins.empty() ||
         std::ranges::find(listener.plugins, instance.name()) != listener.plugins.end();
}

std::vector<Instance*> in_order(const HookSet& set, const PskListener& listener) {
  std::vector<Instance*> order;
  const auto add = [&](const HookSet::Link& link) {
    if (!link.repeats && link.what.instance->is(State::running)) order.push_back(link.what.instance);
  };
  const auto& chain = set.chain(Point::psk);
  if (listener.plugins.empty()) std::ranges::for_each(chain, add);
  for (const std::string& name : listener.plugins)
    for (const auto& link : chain)
      if (link.what.instance->name() == name) add(link);
  return order;
}

// What a plugin writes into, overwritten when it goes.
struct Written {
  mortise_psk_key_t key{};
  Written() = default;
  Written(const Written&) = delete;
  Written& operator=(const Written&) = delete;
  ~Written() { ::explicit_bzero(&key, sizeof key); }
};

// Nothing: it passed.
std::optional<PskAnswer> ask_one(Instance& instance, const PskListener& listener, std::string_view identity,
                                 broker::PskKey& key) {
  const std::string who = "plugin " + config::in_quotes(instance.name());
  const std::string whom =
      " the identity " + config::in_quotes(identity) + " on listener " + config::in_quotes(listener.name);
  const auto fault = [&](const std::string& what) {
    instance.fault("psk.find", what + " for" + whom);
    return PskAnswer{Outcome::refused, who + " has " + what + " for" + whom +
                                           ": this is a fault of the plugin, report it to its author"};
  };
  mortise_psk_query_t query{};
  query.size = sizeof query;
  query.identity = abi_str(identity);
  query.listener = abi_str(listener.name);
  Written written;
  CallContext context{instance, Point::psk};
  mortise_call_t call = instance.quiet_call(&context);
  call.loop = HookPort::loop_of_this_thread();
  mortise_answer_t said = instance.asked(static_cast<std::size_t>(Point::psk), call.loop, [&] {
    return instance.guarded("psk.find", mortise_answer_t{MORTISE_FALLBACK}, [&] {
      return instance.manifest.psk->find(instance.self, &call, &query, &written.key);
    });
  });
  std::string rule;
  if (said == MORTISE_REPLIED && context.said) {
    said = context.said->answer;
    rule = context.said->rule.empty() ? "" : " (" + context.said->rule + ")";
  }
  switch (said) {
    case MORTISE_PASS: return {};
    case MORTISE_DENY: return PskAnswer{Outcome::refused, who + " refuses" + whom + rule};
    case MORTISE_FALLBACK: return PskAnswer{Outcome::refused, who + " has no answer about" + whom + rule};
    case MORTISE_ALLOW: break;
    default: return fault("no answer but the number " + std::to_string(said));
  }
  const std::uint32_t size = written.key.size;
  if (size == 0 || size > MORTISE_PSK_KEY_MAX)
    return fault("a key of " + std::to_string(size) + " bytes, where 1 to " +
                 std::to_string(MORTISE_PSK_KEY_MAX) + " are allowed,");
  key.set({written.key.bytes, size});
  return PskAnswer{Outcome::found, {}};
}

}  // namespace

PskAnswer find_psk(Innards& in, const PskListener& listener, std::string_view identity, broker::PskKey& key) {
  const std::shared_ptr<const HookSet> set = in.hooks.set_of_this_thread();
  for (Instance* const instance : in_order(*set, listener))
    if (auto answer = ask_one(*instance, listener, identity, key)) return std::move(*answer);
  return {Outcome::unknown, "no plugin has a key of the identity " + config::in_quotes(identity)};
}

bool has_psk(const Innards& in, const PskListener& listener) {
  return !in_order(*in.board.newest(), listener).empty();
}

bool provides_psk(const std::vector<Instance*>& instances, const PskListener& listener) {
  return std::ranges::any_of(instances, [&](const Instance* instance) {
    return instance->manifest.psk && instance->grants.has(MORTISE_PSK) && asks(listener, *instance);
  });
}

}  // namespace mortise::host
