// A store that keeps the batches and questions it is given, and says nothing.
#pragma once

#include <vector>

#include "broker/ports.hpp"

namespace mortise::broker {

class KeptBatches : public Store {
 public:
  void hand_over(Batch batch) override { batches.push_back(std::move(batch)); }
  void read(StoreRead what) override { reads.push_back(std::move(what)); }
  std::vector<Batch> batches;
  std::vector<StoreRead> reads;
};

}  // namespace mortise::broker
