// Who is called where: one immutable set of flat arrays, built anew whenever an attachment comes,
// changes or goes.
//
// Thread: immutable; a loop takes the newest at the beginning of its turn.
// Cost:   nobody attached is one branch.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "broker/ports.hpp"
#include "host/said.hpp"
#include "mortise/services/hooks.h"

namespace mortise::host {

struct Instance;

// One attachment with the operator's word applied.
struct Attachment {
  std::uint64_t id = 0;
  Instance* instance = nullptr;
  std::string extension;
  std::int32_t priority = 0;
  std::vector<std::string> filters;  // empty: every topic
  std::uint32_t kinds = 0;           // a bit for each action, event type or level; 0: all
  base::Duration deadline{};
  broker::Decision fallback = broker::Decision::deny;

  bool has_kind(std::uint32_t kind) const noexcept { return kinds == 0 || (kinds >> kind & 1u) != 0; }
  bool wants(std::string_view topic) const;
  // For SUBSCRIBE: whether some topic matches the filter and one of ours.
  bool overlaps(std::string_view filter) const;
};

// Whether some topic matches both filters. May say yes where only $-topics would.
bool overlap(std::string_view a, std::string_view b);

struct HookSet {
  struct Link {
    Attachment what;
    bool repeats = false;  // an earlier link is of the same instance, which is asked once only
  };
  struct Observer {
    Instance* instance = nullptr;
    std::vector<Attachment> attachments;
  };

  std::uint64_t version = 0;
  broker::Hooks::Wanted wanted;
  std::array<std::vector<Link>, static_cast<std::size_t>(Point::count)> chains;
  std::vector<Observer> observers;

  const std::vector<Link>& chain(Point point) const noexcept {
    return chains[static_cast<std::size_t>(point)];
  }
};

// `attachments` in the order they were made; those of instances that are not running must not be among them.
std::shared_ptr<const HookSet> build_hook_set(const std::vector<Attachment>& attachments,
                                              std::uint64_t version);

// The SDK's numbers for what the broker reports; index is the broker's kind.
std::uint16_t event_type_of(broker::EventKind kind) noexcept;

}  // namespace mortise::host
