// What plugins ask of sessions: carried to the loops they live on, and back to the strand.
//
// Thread: the functions from any; loops fill pages, the strand shows them and asks for the next.
// Owns:   who waits for an answer; a copy of each page until it was shown.
// Cost:   a page of a few hundred sessions a turn of a loop, one after the other.
// Fails:  who waits when the instance stops, or when the loops have ended, is told E_STATE.
// Source: mortise/services/clients.h.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>

#include "broker/directory.hpp"
#include "mortise/services/clients.h"

namespace mortise::broker {
class Broker;
}

namespace mortise::host {

struct Innards;
struct Instance;

// Which sessions to list; empty texts ask for nothing.
struct ClientQuery {
  std::uint64_t most = UINT64_MAX;
  std::string id_prefix, username, listener;
  bool only_connected = false;
  bool only_away = false;
};

class ClientReads {
 public:
  explicit ClientReads(Innards& inside) : in_{inside} {}

  void find(Instance& asks, std::string client_id, mortise_client_fn fn, void* context);
  void list(Instance& asks, ClientQuery query, mortise_client_fn fn, void* context);
  void subscriptions(Instance& asks, std::string client_id, mortise_subscription_fn fn, void* context);
  void kick(Instance& asks, std::string client_id, broker::Kick how, std::string why, mortise_done_fn done,
            void* context);

  // Tells those of an instance that nothing more comes.
  void cancel_all(const Instance& of);

 private:
  // One question, until its last answer.
  struct Ask {
    Ask(Instance& instance, std::function<void(mortise_status_t)> told)
        : asks{instance}, end{std::move(told)} {}
    Instance& asks;
    std::function<void(mortise_status_t)> end;  // the last call, on the strand
  };
  using AskRef = std::shared_ptr<Ask>;
  using OnLoop = std::function<void(broker::Broker&)>;

  AskRef begin(Instance& asks, std::function<void(mortise_status_t)> end);
  // On the strand, unless the question is over.
  void show(const AskRef& ask, std::function<void()> what);
  void finish(const AskRef& ask, mortise_status_t status);
  void on_loop(const AskRef& ask, std::uint32_t loop, OnLoop what);
  void next_page(const AskRef& ask, const std::shared_ptr<ClientQuery>& query, mortise_client_fn fn,
                 void* context, std::uint32_t loop, std::uint32_t from);
  std::uint32_t home_of(const std::string& client_id) const;

  Innards& in_;
  std::mutex mutex_;
  std::unordered_set<AskRef> open_;
};

}  // namespace mortise::host
