// A random life of a broker as batches, the same for the same seed, and what a store holds after each of
// them.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "facts_model.hpp"
#include "offer.hpp"

namespace mortise::store_sqlite::test {

class Workload {
 public:
  explicit Workload(std::uint64_t seed) : chance_{seed} {}

  // The next batch; lives as long as this.
  Offer& next();
  std::uint64_t last() const { return models_.size() - 1; }

  // What is there when the batches up to `sequence` are, and no others.
  const std::map<std::string, std::string>& after(std::uint64_t sequence) const {
    return models_.at(sequence);
  }
  // Whether `key` ever held `text`.
  bool ever(const std::string& key, const std::string& text) const;
  // Something below `bound`, for whoever needs chance, too.
  std::uint64_t any(std::uint64_t bound) { return chance_() % bound; }

 private:
  struct Queued {
    std::uint64_t delivery;
    std::uint64_t message;
    std::uint64_t session;
  };
  void publish(Offer& to);
  void acknowledge(Offer& to);
  void change_session(Offer& to, bool may_end);
  void change_retained(Offer& to);
  std::uint64_t live_session();

  std::mt19937_64 chance_;
  std::deque<Offer> offers_;
  Facts facts_;
  std::vector<std::map<std::string, std::string>> models_{{}};
  std::vector<std::uint64_t> sessions_;
  std::vector<Queued> queue_;
  std::uint64_t number_ = 0;
  std::uint64_t version_ = 0;
};

}  // namespace mortise::store_sqlite::test
