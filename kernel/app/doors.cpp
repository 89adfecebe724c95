#include "app/doors.hpp"

#include <algorithm>
#include <memory>

#include "net/proxy_header.hpp"
#include "net/websocket.hpp"

namespace mortise::app {

namespace {

std::vector<net::Network> networks_of(const std::vector<config::Located<std::string>>& texts) {
  std::vector<net::Network> networks;
  for (const auto& text : texts)
    if (const auto network = net::Network::from(text.value)) networks.push_back(*network);
  return networks;
}

net::UnixEndpoint unix_endpoint(const config::Listener& setting) {
  net::UnixEndpoint endpoint;
  endpoint.path = setting.bind.value.path;
  if (setting.mode) endpoint.mode = static_cast<mode_t>(std::stoul(setting.mode->value, nullptr, 8));
  if (setting.owner) endpoint.owner = setting.owner->value;
  if (setting.group) endpoint.group = setting.group->value;
  return endpoint;
}

net::LearnsAddress learns_address_of(const config::Listener& setting) {
  std::vector<net::Network> networks;
  if (setting.proxy_protocol != config::ProxyProtocol::off) networks = networks_of(setting.proxies);
  if (setting.websocket)
    for (const net::Network& network : networks_of(setting.websocket->value.trusted_proxies))
      networks.push_back(network);
  if (networks.empty()) return {};
  return [networks = std::move(networks)](const net::Peer& peer) {
    return peer.address && std::ranges::any_of(networks, [&](const net::Network& network) {
             return network.contains(*peer.address);
           });
  };
}

}  // namespace

std::vector<config::Finding> check_networks(const config::Settings& settings) {
  std::vector<config::Finding> findings;
  const auto check = [&](const std::vector<config::Located<std::string>>& texts, const std::string& key) {
    for (const auto& text : texts)
      if (!text.value.empty() && !net::Network::from(text.value))
        findings.push_back({config::Severity::error, text.where, key,
                            config::in_quotes(text.value) + " is neither an address nor a network",
                            "such as 10.0.0.1, 10.0.0.0/8 or fd00::/8"});
  };
  for (std::size_t i = 0; i < settings.listeners.size(); ++i) {
    const config::Listener& listener = settings.listeners[i];
    const std::string key = "listeners/" + std::to_string(i);
    check(listener.proxies, key + "/proxies");
    if (listener.websocket)
      check(listener.websocket->value.trusted_proxies, key + "/websocket/trusted_proxies");
  }
  return findings;
}

net::MakeFilters filters_of(const config::Listener& setting, const std::shared_ptr<net::TlsListener>& tls) {
  using Demand = net::ProxyHeaderFilter::Demand;
  const bool is_proxied = setting.proxy_protocol != config::ProxyProtocol::off;
  const bool is_websocket = setting.transport == config::Transport::websocket;
  if (!is_proxied && !is_websocket && !tls) return {};

  const Demand demand =
      setting.proxy_protocol == config::ProxyProtocol::required ? Demand::required : Demand::optional;
  auto options = std::make_shared<net::WebSocketOptions>();
  if (setting.websocket) {
    const config::WebSocket& websocket = setting.websocket->value;
    options->path = websocket.path.value;
    options->trusted_proxies = networks_of(websocket.trusted_proxies);
    if (websocket.origins) {
      options->origins.emplace();
      for (const auto& origin : *websocket.origins) options->origins->push_back(origin.value);
    }
  }
  return [=, proxies = networks_of(setting.proxies),
          shared = std::shared_ptr<const net::WebSocketOptions>{options}](const net::Peer& peer) {
    net::Filters filters;
    if (is_proxied)
      if (auto header = net::proxy_filter(demand, proxies, peer)) filters.push_back(std::move(header));
    if (tls) filters.push_back(tls->filter());
    if (is_websocket) filters.push_back(std::make_unique<net::WebSocketFilter>(shared, peer));
    return filters;
  };
}

net::GuestLimits guest_limits(const config::Limits& limits) {
  return {limits.connections, limits.connections_per_address, limits.connect_rate_per_address,
          limits.half_open};
}

std::unique_ptr<net::Door> make_door(const config::Listener& setting, const broker::Listener& listener,
                                     const std::shared_ptr<net::TlsListener>& tls, net::Loops& loops) {
  const bool is_internet = setting.bind.value.kind != config::Bind::Kind::unix_socket;
  return loops.make_door(listener, filters_of(setting, tls),
                         is_internet ? learns_address_of(setting) : net::LearnsAddress{});
}

base::Result<std::vector<net::Entrance>, std::string> bind_doors(const config::Listener& setting,
                                                                 const broker::Listener& listener,
                                                                 const std::shared_ptr<net::TlsListener>& tls,
                                                                 net::Loops& loops,
                                                                 net::PassedSockets& passed,
                                                                 std::span<const net::Door* const> yielding) {
  std::vector<net::Entrance> entrances;
  std::string problem;
  const auto take = [&](base::Result<net::Entrance, std::string> bound) {
    if (bound)
      entrances.push_back(std::move(*bound));
    else
      problem = bound.error();
  };
  const auto door = [&] { return make_door(setting, listener, tls, loops); };
  const config::Bind& bind = setting.bind.value;
  switch (bind.kind) {
    case config::Bind::Kind::internet:
      take(net::Loops::bind(door(), net::Endpoint{bind.address, bind.port}, yielding));
      break;
    case config::Bind::Kind::unix_socket: take(net::Loops::bind(door(), unix_endpoint(setting))); break;
    case config::Bind::Kind::passed: {
      auto sockets = passed.take(bind.name);
      if (!sockets)
        return base::Failure{"listener \"" + listener.name + "\": cannot listen on " + bind.text + ": " +
                             sockets.error()};
      for (net::Descriptor& socket : *sockets) take(net::Loops::bind(door(), std::move(socket)));
      break;
    }
  }
  if (!problem.empty()) return base::Failure{problem};
  return entrances;
}

}  // namespace mortise::app
