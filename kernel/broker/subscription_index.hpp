// Topic filters to subscribers: exact, private to a loop, no synchronisation.
//
// Filters without wildcards are answered by one look-up of the whole topic; the rest is a trie kept as one
// hash table of edges (node, level) -> node, whose levels are words with a number.
//
// Thread: the loop.   Owns: the filters' text and their subscribers.
// Cost:   match: one hash for the exact filters, two a level where the trie has several branches; no
//         allocation.
// Source: MQTT 5.0 §4.7 (matching), §3.8.4 (one subscription a filter and session).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/hash.hpp"
#include "base/slot_map.hpp"
#include "broker/ledger.hpp"
#include "mqtt/packet.hpp"

namespace mortise::broker {

class Session;
using SessionKey = base::Handle<Session>;

struct Subscriber {
  SessionKey session;
  std::uint32_t identifier = 0;  // subscription identifier; 0: none
  mqtt::SubscriptionOptions options;
  // Letters with a retained sequence at or below this are older than what the subscriber has been sent.
  std::uint64_t retained_read = 0;
};

using FilterId = std::uint32_t;

class SubscriptionIndex {
 public:
  SubscriptionIndex(base::HashSeed seed, Accounts& accounts);

  struct Added {
    FilterId filter = 0;
    // The session had this filter already. Its options are the new ones now; what it has read stays read.
    bool replaced = false;
  };
  Added add(std::string_view filter, const Subscriber& subscriber);

  // False when the session has no subscription to this filter.
  bool remove(FilterId filter, SessionKey session);

  Subscriber* find(FilterId filter, SessionKey session);
  // The filter's identifier; empty when nobody has this filter.
  const FilterId* find(std::string_view filter) const;
  std::string_view text_of(FilterId filter) const { return filters_[filter].text; }

  // The subscribers of one filter. A session is among them once.
  using Subscribers = std::span<const Subscriber>;

  // Appends the subscribers of every filter that matches. Valid until the next change.
  void match(std::string_view topic, std::vector<Subscribers>& out) const;

  std::size_t size() const noexcept { return subscriptions_; }

 private:
  using NodeId = std::uint32_t;
  static constexpr NodeId none = 0xFFFFFFFF;
  static constexpr NodeId root = 0;

  struct Filter {
    std::string text;
    std::vector<Subscriber> subscribers;
    NodeId node = none;  // none: no wildcard
  };
  struct Node {
    FilterId here = none;   // the filter that ends at this node
    FilterId below = none;  // the filter that ends with '#' under this node
    NodeId plus = none;     // the branch '+'
    NodeId parent = none;
    NodeId only = none;       // the child reached by a word while it has been the only one; spares the hashes
    std::uint32_t word = 0;   // the level on the way from the parent; 0: '+' or the root
    std::uint32_t uses = 0;   // children and filters; at 0 the node goes
    std::uint32_t edges = 0;  // children that are reached by a word
    std::string_view text;    // of that word, which is a key of words_
  };
  struct Word {
    std::uint32_t id;
    std::uint32_t uses;
  };

  FilterId insert(std::string_view filter);
  void erase(FilterId filter);
  NodeId descend(NodeId node, std::string_view level);
  void let_go(NodeId node);
  NodeId child_of(const Node& node, NodeId at, std::string_view level) const;
  void walk(NodeId node, std::string_view rest, bool dollar, std::vector<Subscribers>& out) const;
  void emit(FilterId filter, std::vector<Subscribers>& out) const {
    if (filter != none) out.emplace_back(filters_[filter].subscribers);
  }
  void emit_end(NodeId node, std::vector<Subscribers>& out) const {
    if (node == none) return;
    emit(nodes_[node].here, out);
    emit(nodes_[node].below, out);
  }
  static std::int64_t memory(const Filter& filter);
  static std::uint64_t edge(NodeId node, std::uint32_t word) { return std::uint64_t{node} << 32 | word; }

  struct EdgeHash {
    std::size_t operator()(std::uint64_t key) const noexcept { return key * 0x9E3779B97F4A7C15ULL; }
  };

  Accounts* accounts_;
  std::unordered_map<std::string, FilterId, base::StringHash, std::equal_to<>> ids_;
  std::vector<Filter> filters_;
  std::vector<FilterId> free_filters_;
  std::unordered_map<std::string, Word, base::StringHash, std::equal_to<>> words_;
  std::uint32_t next_word_ = 1;
  std::unordered_map<std::uint64_t, NodeId, EdgeHash> edges_;
  std::vector<Node> nodes_;
  std::vector<NodeId> free_nodes_;
  std::size_t subscriptions_ = 0;
  std::size_t wildcard_filters_ = 0;
};

}  // namespace mortise::broker
