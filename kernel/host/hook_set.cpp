#include "host/hook_set.hpp"

#include <algorithm>

#include "host/instance.hpp"
#include "mqtt/topic.hpp"

namespace mortise::host {

namespace {

using broker::Action;
using broker::EventKind;

constexpr std::array<std::uint16_t, static_cast<std::size_t>(EventKind::count)> event_types{
    MORTISE_EV_CONNECTED,
    MORTISE_EV_DISCONNECTED,
    MORTISE_EV_REFUSED,
    MORTISE_EV_DENIED,
    MORTISE_EV_SESSION_CREATED,
    MORTISE_EV_SESSION_RESUMED,
    MORTISE_EV_SESSION_TAKEN_OVER,
    MORTISE_EV_SESSION_OFFLINE,
    MORTISE_EV_SESSION_EXPIRED,
    MORTISE_EV_SUBSCRIBED,
    MORTISE_EV_UNSUBSCRIBED,
    MORTISE_EV_PUBLISHED,
    MORTISE_EV_DELIVERED,
    MORTISE_EV_ACKNOWLEDGED,
    MORTISE_EV_DROPPED,
    MORTISE_EV_RETAINED_SET,
    MORTISE_EV_RETAINED_CLEARED,
    MORTISE_EV_WILL_SENT};

struct ActionRow {
  Point point;
  Action action;
  std::uint32_t kind;
};
constexpr std::array<ActionRow, 5> actions{{{Point::publish, Action::publish, MORTISE_PUBLISH},
                                            {Point::subscribe, Action::subscribe, MORTISE_SUBSCRIBE},
                                            {Point::receive, Action::receive, MORTISE_RECEIVE},
                                            {Point::will, Action::will, MORTISE_WILL},
                                            {Point::retain, Action::retain, MORTISE_RETAIN}}};

void add_link(HookSet& set, Point point, const Attachment& attachment) {
  auto& chain = set.chains[static_cast<std::size_t>(point)];
  const bool repeats =
      std::ranges::any_of(chain, [&](const auto& link) { return link.what.instance == attachment.instance; });
  chain.push_back({attachment, repeats});
}

// Only to what its table has.
void add_intercept(HookSet& set, const Attachment& attachment) {
  const Manifest& manifest = attachment.instance->manifest;
  const auto add = [&](bool has, std::uint32_t kind, Point point) {
    if (has && attachment.has_kind(kind)) add_link(set, point, attachment);
  };
  add(manifest.has_intercept_publish(), MORTISE_INTERCEPT_PUBLISH, Point::intercept);
  add(manifest.has_intercept_connect(), MORTISE_INTERCEPT_CONNECT, Point::intercept_connect);
  add(manifest.has_intercept_will(), MORTISE_INTERCEPT_WILL, Point::intercept_will);
}

void add_observer(HookSet& set, const Attachment& attachment) {
  for (std::size_t kind = 0; kind < event_types.size(); ++kind)
    if (attachment.has_kind(event_types[kind])) set.wanted.events[kind] = true;
  for (auto& observer : set.observers)
    if (observer.instance == attachment.instance) return observer.attachments.push_back(attachment);
  set.observers.push_back({attachment.instance, {attachment}});
}

}  // namespace

std::uint16_t event_type_of(EventKind kind) noexcept { return event_types[static_cast<std::size_t>(kind)]; }

bool Attachment::wants(std::string_view topic) const {
  return filters.empty() || std::ranges::any_of(filters, [&](const std::string& filter) {
           return mqtt::matches(filter, topic);
         });
}

bool Attachment::overlaps(std::string_view filter) const {
  return filters.empty() ||
         std::ranges::any_of(filters, [&](const std::string& mine) { return overlap(mine, filter); });
}

bool overlap(std::string_view a, std::string_view b) {
  mqtt::Levels left{a}, right{b};
  while (!left.done() && !right.done()) {
    const std::string_view x = left.next(), y = right.next();
    if (x == "#" || y == "#") return true;
    if (x != y && x != "+" && y != "+") return false;
  }
  // "a/#" matches "a", too.
  if (left.done() && right.done()) return true;
  mqtt::Levels& rest = left.done() ? right : left;
  return rest.next() == "#" && rest.done();
}

std::shared_ptr<const HookSet> build_hook_set(const std::vector<Attachment>& attachments,
                                              std::uint64_t version) {
  std::vector<const Attachment*> ordered;
  for (const Attachment& one : attachments) ordered.push_back(&one);
  std::ranges::stable_sort(ordered, [](const Attachment* a, const Attachment* b) {
    return std::pair{a->priority, a->instance->index.load()} <
           std::pair{b->priority, b->instance->index.load()};
  });
  auto set = std::make_shared<HookSet>();
  set->version = version;
  for (const Attachment* one : ordered) {
    if (one->extension == MORTISE_AUTHENTICATE) {
      add_link(*set, Point::authenticate, *one);
      add_link(*set, Point::exchange, *one);
    }
    if (one->extension == MORTISE_INTERCEPT) add_intercept(*set, *one);
    if (one->extension == MORTISE_ACCEPT) add_link(*set, Point::accept, *one);
    if (one->extension == MORTISE_AUTHORISE)
      for (const ActionRow& row : actions)
        if (one->has_kind(row.kind)) add_link(*set, row.point, *one);
    if (one->extension == MORTISE_PSK) add_link(*set, Point::psk, *one);
    if (one->extension == MORTISE_OBSERVE) add_observer(*set, *one);
  }
  set->wanted.authenticate = !set->chain(Point::authenticate).empty();
  set->wanted.intercept_publish = !set->chain(Point::intercept).empty();
  set->wanted.intercept_connect = !set->chain(Point::intercept_connect).empty();
  set->wanted.intercept_will = !set->chain(Point::intercept_will).empty();
  set->wanted.accept = !set->chain(Point::accept).empty();
  for (const ActionRow& row : actions)
    set->wanted.authorise[static_cast<std::size_t>(row.action)] = !set->chain(row.point).empty();
  return set;
}

}  // namespace mortise::host
