#include "broker/subscription_index.hpp"

#include <algorithm>

#include "base/contract.hpp"
#include "mqtt/topic.hpp"

namespace mortise::broker {

namespace {
constexpr std::size_t hash_node = 48;  // what an unordered_map keeps beside a value, bucket included
}

SubscriptionIndex::SubscriptionIndex(base::HashSeed seed, Accounts& accounts)
    : accounts_{&accounts}, ids_{0, base::StringHash{seed}}, words_{0, base::StringHash{seed}}, nodes_(1) {}

std::int64_t SubscriptionIndex::memory(const Filter& filter) {
  return static_cast<std::int64_t>(sizeof(Filter) + 2 * (filter.text.size() + 1) + hash_node +
                                   filter.subscribers.capacity() * sizeof(Subscriber) +
                                   (filter.node == none ? 0 : sizeof(Node) + hash_node));
}

const FilterId* SubscriptionIndex::find(std::string_view filter) const {
  const auto found = ids_.find(filter);
  return found == ids_.end() ? nullptr : &found->second;
}

Subscriber* SubscriptionIndex::find(FilterId filter, SessionKey session) {
  for (Subscriber& subscriber : filters_[filter].subscribers)
    if (subscriber.session == session) return &subscriber;
  return nullptr;
}

SubscriptionIndex::Added SubscriptionIndex::add(std::string_view text, const Subscriber& subscriber) {
  const FilterId* known = find(text);
  const FilterId id = known ? *known : insert(text);
  if (Subscriber* before = find(id, subscriber.session)) {
    const std::uint64_t retained_read = before->retained_read;
    *before = subscriber;
    before->retained_read = retained_read;
    return {id, true};
  }
  Filter& filter = filters_[id];
  accounts_->charge(Account::subscription, known ? -memory(filter) : 0);
  filter.subscribers.push_back(subscriber);
  accounts_->charge(Account::subscription, memory(filter));
  ++subscriptions_;
  return {id, false};
}

bool SubscriptionIndex::remove(FilterId id, SessionKey session) {
  Filter& filter = filters_[id];
  const auto found = std::find_if(filter.subscribers.begin(), filter.subscribers.end(),
                                  [&](const Subscriber& s) { return s.session == session; });
  if (found == filter.subscribers.end()) return false;
  accounts_->charge(Account::subscription, -memory(filter));
  *found = filter.subscribers.back();
  filter.subscribers.pop_back();
  --subscriptions_;
  if (filter.subscribers.empty())
    erase(id);
  else
    accounts_->charge(Account::subscription, memory(filter));
  return true;
}

FilterId SubscriptionIndex::insert(std::string_view text) {
  FilterId id;
  if (free_filters_.empty()) {
    id = static_cast<FilterId>(filters_.size());
    filters_.emplace_back();
  } else {
    id = free_filters_.back();
    free_filters_.pop_back();
  }
  filters_[id].text = text;
  ids_.emplace(text, id);
  if (!mqtt::has_wildcard(text)) return id;

  ++wildcard_filters_;
  NodeId node = root;
  for (mqtt::Levels levels{text}; !levels.done();) {
    const std::string_view level = levels.next();
    if (level == "#") {
      nodes_[node].below = id;
      break;
    }
    node = descend(node, level);
    if (levels.done()) nodes_[node].here = id;
  }
  ++nodes_[node].uses;
  filters_[id].node = node;
  return id;
}

// The child for this level, made if it is not there.
SubscriptionIndex::NodeId SubscriptionIndex::descend(NodeId node, std::string_view level) {
  const auto make = [&](std::uint32_t word) {
    NodeId made;
    if (free_nodes_.empty()) {
      made = static_cast<NodeId>(nodes_.size());
      nodes_.emplace_back();
    } else {
      made = free_nodes_.back();
      free_nodes_.pop_back();
      nodes_[made] = {};
    }
    nodes_[made].parent = node;
    nodes_[made].word = word;
    ++nodes_[node].uses;
    return made;
  };
  if (level == "+") {
    if (nodes_[node].plus == none) {
      const NodeId made = make(0);
      nodes_[node].plus = made;
    }
    return nodes_[node].plus;
  }
  auto word = words_.find(level);
  if (word != words_.end()) {
    const auto known = edges_.find(edge(node, word->second.id));
    if (known != edges_.end()) return known->second;
  } else {
    word = words_.emplace(level, Word{next_word_++, 0}).first;
  }
  ++word->second.uses;
  const NodeId made = make(word->second.id);
  nodes_[made].text = word->first;
  edges_.emplace(edge(node, word->second.id), made);
  nodes_[node].only = nodes_[node].edges++ == 0 ? made : none;
  return made;
}

void SubscriptionIndex::erase(FilterId id) {
  Filter& filter = filters_[id];
  ids_.erase(ids_.find(std::string_view{filter.text}));
  if (filter.node != none) {
    --wildcard_filters_;
    Node& node = nodes_[filter.node];
    (node.below == id ? node.below : node.here) = none;
    let_go(filter.node);
  }
  filter = {};
  free_filters_.push_back(id);
}

void SubscriptionIndex::let_go(NodeId node) {
  while (--nodes_[node].uses == 0 && node != root) {
    const NodeId parent = nodes_[node].parent;
    const std::uint32_t word = nodes_[node].word;
    if (word == 0) {
      nodes_[parent].plus = none;
    } else {
      edges_.erase(edge(parent, word));
      --nodes_[parent].edges;
      nodes_[parent].only = none;
      const auto entry = words_.find(nodes_[node].text);
      if (--entry->second.uses == 0) words_.erase(entry);
    }
    free_nodes_.push_back(node);
    node = parent;
  }
}

void SubscriptionIndex::match(std::string_view topic, std::vector<Subscribers>& out) const {
  if (ids_.size() > wildcard_filters_) {
    const auto exact = ids_.find(topic);
    if (exact != ids_.end())
      emit(exact->second, out);  // a topic name has no wildcard, so neither has the filter
  }
  if (wildcard_filters_ != 0) walk(root, topic, topic.starts_with('$'), out);
}

SubscriptionIndex::NodeId SubscriptionIndex::child_of(const Node& node, NodeId at,
                                                      std::string_view level) const {
  if (node.only != none) return nodes_[node.only].text == level ? node.only : none;
  if (node.edges == 0) return none;
  const auto word = words_.find(level);
  if (word == words_.end()) return none;
  const auto next = edges_.find(edge(at, word->second.id));
  return next == edges_.end() ? none : next->second;
}

// Goes down one branch at a time; calls itself for '+' only where a word goes on, too.
void SubscriptionIndex::walk(NodeId at, std::string_view rest, bool dollar,
                             std::vector<Subscribers>& out) const {
  while (at != none) {
    const Node& node = nodes_[at];
    if (!dollar) emit(node.below, out);             // '#' takes its parent, too
    const NodeId plus = dollar ? none : node.plus;  // [MQTT-4.7.2-1]
    dollar = false;
    std::size_t slash;
    NodeId word = none;
    if (plus == none &&
        node.only != none) {  // one way only: the level ends where its text does, or is another
      const std::string_view text = nodes_[node.only].text;
      if (!rest.starts_with(text)) return;
      if (rest.size() > text.size() && rest[text.size()] != '/') return;
      slash = text.size();
      word = node.only;
    } else {
      slash = std::min(rest.find('/'), rest.size());
      word = child_of(node, at, rest.substr(0, slash));
    }
    if (slash == rest.size()) {
      emit_end(plus, out);
      emit_end(word, out);
      return;
    }
    rest.remove_prefix(slash + 1);
    if (plus != none && word != none) walk(plus, rest, false, out);
    at = word != none ? word : plus;
  }
}

}  // namespace mortise::broker
