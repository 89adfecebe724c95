// A question that is answered later: copies of everything its plugins were shown,
// and how far the chain has got.
//
// Thread: one at a time; it travels between a loop, a strand and whoever answers.
// Owns:   its copies, a reference to the message, the hook set it was asked with.
// Cost:   a handful of allocations, paid by deferred questions only.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "broker/ports.hpp"
#include "host/client_data.hpp"
#include "host/hook_set.hpp"

namespace mortise::host {

// What is asked about, as the broker's own views. One of the last three is set: CONNECT, a step of an
// enhanced authentication, or an access, which is also what interceptors of messages see. Of a connection
// that was accepted there is its client only.
struct Asked {
  Point point = Point::publish;
  const broker::ClientFacts* client = nullptr;
  const mqtt::Connect* connect = nullptr;
  const broker::Exchange* exchange = nullptr;
  const broker::Access* access = nullptr;
};

class SavedQuestion {
 public:
  SavedQuestion(const Asked& asked, broker::Question to_answer, std::shared_ptr<const HookSet> set);
  SavedQuestion(const SavedQuestion&) = delete;
  SavedQuestion& operator=(const SavedQuestion&) = delete;

  // Points into this object.
  const Asked& asked() const noexcept { return asked_; }

  const broker::Question question;
  const std::shared_ptr<const HookSet> set;
  std::size_t place = 0;  // of the link that owes the answer, in the order of the chain
  // Of a chain whose answers change the message: whether one has, and who has seen the message as it was
  // before, which are those before place `from` and whoever took part before a reload.
  bool is_changed = false;
  std::size_t from = 0;
  std::vector<std::string> done;

 private:
  std::string texts_;
  ClientData client_data_;  // a copy: the client may go while its question is open
  broker::ClientFacts client_;
  mqtt::Connect connect_;
  broker::Exchange exchange_;
  broker::Access access_;
  broker::MessageRef message_;
  Asked asked_;
};

}  // namespace mortise::host
