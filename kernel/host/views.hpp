// What hooks are shown, built on the stack from the broker's own views.
//
// Thread: the call's.   Owns: nothing; valid as long as what it was made from.
// Cost:   some twenty stores, no allocation.
// Source: mortise/abi/view.h.
#pragma once

#include <array>
#include <string_view>

#include "broker/ports.hpp"
#include "host/message_handle.hpp"
#include "mortise/abi/view.h"

namespace mortise::host {

struct Instance;

class ClientView {
 public:
  explicit ClientView(const broker::ClientFacts& facts) noexcept;
  ClientView(const ClientView&) = delete;
  ClientView& operator=(const ClientView&) = delete;

  // With the word this instance asked to have kept, and no other instance's.
  const mortise_client_view_t* for_instance(const Instance& instance) noexcept;
  const mortise_peer_t* peer() const noexcept { return view_.peer; }

 private:
  mortise_client_view_t view_{};
  mortise_peer_t peer_{};
  std::uint64_t plugin_data_;
};

class ConnectView {
 public:
  ConnectView(const broker::ClientFacts& facts, const mqtt::Connect& connect, base::WallTime now) noexcept;
  ConnectView(const ConnectView&) = delete;
  ConnectView& operator=(const ConnectView&) = delete;
  const mortise_connect_t* get() const noexcept { return &view_; }

 private:
  mortise_peer_t peer_{};
  mortise_message_view_t will_{};
  mortise_connect_t view_{};
};

class SubscriptionView {
 public:
  SubscriptionView(std::string_view filter, mqtt::Qos qos) noexcept;
  const mortise_subscription_t* get() const noexcept { return &view_; }

 private:
  mortise_subscription_t view_{};
};

// The handle plugins know a connection by; 0 while offline.
mortise_client_t handle_of(const broker::ClientFacts& facts) noexcept;
// Fills a peer; its address is from "10.0.0.17:50122", "[::1]:50122", either without a port, or
// "unix:/run/mortise.sock (pid 4711, uid 1000)".
void fill_peer(mortise_peer_t& peer, const broker::ClientFacts& facts) noexcept;

}  // namespace mortise::host
