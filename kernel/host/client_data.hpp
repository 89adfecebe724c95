// The word an authenticator asked to have kept with a client: whose it is, and its end, told once.
//
// The broker carries the address of one of these in ClientFacts::plugin_data,
// so that showing the word to its owner costs no look-up.
//
// Thread: made and ended on any thread; read by the loop that owns the client.
// Owns:   every word that is kept.
// Source: mortise/hooks/authenticate.h, forget().
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <unordered_set>
#include <vector>

namespace mortise::host {

struct Instance;

struct ClientData {
  ClientData() = default;
  ClientData(Instance* of, std::uint64_t what) : owner{of}, word{what} {}
  ClientData(const ClientData& other) : owner{other.owner.load()}, word{other.word} {}
  ClientData& operator=(const ClientData& other) {
    owner = other.owner.load();
    word = other.word;
    return *this;
  }

  std::atomic<Instance*> owner = nullptr;  // null: it has ended, and was told
  std::uint64_t word = 0;

  // 0 for everybody but the owner.
  static std::uint64_t word_for(std::uint64_t plugin_data, const Instance& instance) noexcept {
    if (plugin_data == 0) return 0;
    const auto* const data = reinterpret_cast<const ClientData*>(plugin_data);
    return data->owner.load(std::memory_order_relaxed) == &instance ? data->word : 0;
  }
};

class ClientDataBook {
 public:
  ~ClientDataBook() {
    for (ClientData* data : kept_) delete data;
  }

  // What the broker is to carry; 0 for a word of 0.
  std::uint64_t keep(Instance& owner, std::uint64_t word) {
    if (word == 0) return 0;
    auto* const data = new ClientData{&owner, word};
    const std::lock_guard lock{mutex_};
    kept_.insert(data);
    return reinterpret_cast<std::uint64_t>(data);
  }

  // What was kept, once; nothing when it has been taken out before.
  ClientData take(std::uint64_t plugin_data) {
    auto* const data = reinterpret_cast<ClientData*>(plugin_data);
    const std::lock_guard lock{mutex_};
    if (kept_.erase(data) == 0) return {};
    const ClientData taken = *data;
    delete data;
    return taken;
  }

  // The words of an instance that stops. Their clients may be there still, and carry them on for nobody.
  std::vector<std::uint64_t> take_all(const Instance& owner) {
    std::vector<std::uint64_t> words;
    const std::lock_guard lock{mutex_};
    for (ClientData* const data : kept_) {
      if (data->owner != &owner) continue;
      words.push_back(data->word);
      data->owner = nullptr;
    }
    return words;
  }

 private:
  std::mutex mutex_;
  std::unordered_set<ClientData*> kept_;
};

}  // namespace mortise::host
