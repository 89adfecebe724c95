#include "host/views.hpp"

#include "host/abi_text.hpp"
#include "host/client_data.hpp"
#include "mqtt/topic.hpp"

namespace mortise::host {

mortise_client_t handle_of(const broker::ClientFacts& facts) noexcept {
  if (!facts.connected || !facts.key) return {0};
  return {std::uint64_t{facts.loop + 1} << 56 | std::uint64_t{facts.key.generation & 0xFFFFFF} << 32 |
          facts.key.index};
}

void fill_peer(mortise_peer_t& peer, const broker::ClientFacts& facts) noexcept {
  constexpr std::string_view unix_prefix = "unix:";
  std::string_view address = facts.address;
  peer.size = sizeof peer;
  if (facts.listener) peer.listener = abi_str(facts.listener->name);
  peer.identity = abi_optional(facts.identity);
  peer.cipher = abi_optional(facts.cipher);
  if (address.starts_with(unix_prefix)) {  // behind the path stands who it is, for people
    address.remove_prefix(unix_prefix.size());
    peer.address = abi_str(address.substr(0, address.rfind(" (pid ")));
    return;
  }
  // By hand, because it is read for every hook.
  std::size_t digits = address.size();
  std::uint32_t port = 0, worth = 1;
  for (; digits > 0 && address[digits - 1] >= '0' && address[digits - 1] <= '9'; --digits, worth *= 10)
    port += worth * static_cast<std::uint32_t>(address[digits - 1] - '0');
  if (digits > 0 && address[digits - 1] == ':') {
    peer.port = static_cast<std::uint16_t>(port);
    address = address.substr(0, digits - 1);
  }
  if (address.size() > 1 && address.front() == '[') address = address.substr(1, address.size() - 2);
  peer.address = abi_str(address);
}

ClientView::ClientView(const broker::ClientFacts& facts) noexcept : plugin_data_{facts.plugin_data} {
  view_.size = sizeof view_;
  view_.protocol_version = static_cast<std::uint8_t>(facts.version);
  view_.connected = facts.connected;
  view_.keep_alive_s = facts.keep_alive_s;
  view_.session_expiry_s = facts.session_expiry_s;
  view_.client = handle_of(facts);
  view_.client_id = abi_str(facts.client_id);
  view_.username = abi_optional(facts.username);
  if (facts.listener) {
    fill_peer(peer_, facts);
    view_.peer = &peer_;
  }
}

const mortise_client_view_t* ClientView::for_instance(const Instance& instance) noexcept {
  view_.data = ClientData::word_for(plugin_data_, instance);
  return &view_;
}

ConnectView::ConnectView(const broker::ClientFacts& facts, const mqtt::Connect& connect,
                         base::WallTime now) noexcept {
  fill_peer(peer_, facts);
  view_.size = sizeof view_;
  view_.protocol_version = static_cast<std::uint8_t>(connect.version);
  view_.clean_start = connect.clean_start;
  view_.has_username = connect.username.has_value();
  view_.has_password = connect.password.has_value();
  view_.keep_alive_s = connect.keep_alive_s;
  view_.receive_maximum = connect.receive_maximum;
  view_.session_expiry_s = connect.version != mqtt::Version::v5_0 && !connect.clean_start
                               ? mqtt::session_never_expires
                               : connect.session_expiry_s;
  view_.maximum_packet_size = connect.maximum_packet_size.value_or(0);
  view_.client = handle_of(facts);
  view_.peer = &peer_;
  view_.client_id = abi_str(connect.client_id);
  if (connect.username) view_.username = abi_str(*connect.username);
  if (connect.password) view_.password = abi_bytes(*connect.password);
  view_.properties = abi_bytes(connect.raw);
  if (!connect.will) return;
  const mqtt::Will& will = *connect.will;
  view_.will_delay_s = will.delay_s;
  will_.size = sizeof will_;
  will_.qos = static_cast<std::uint8_t>(will.qos);
  will_.retain = will.retain;
  will_.expiry_s = will.properties.message_expiry_s.value_or(MORTISE_NO_EXPIRY);
  will_.topic = abi_str(will.topic);
  will_.payload = abi_bytes(will.payload);
  will_.properties = abi_bytes(will.properties.raw);
  will_.publisher = view_.client_id;
  will_.username = view_.username;
  will_.received_unix_ms = static_cast<std::uint64_t>(base::to_unix_ms(now));
  view_.will = &will_;
}

SubscriptionView::SubscriptionView(std::string_view filter, mqtt::Qos qos) noexcept {
  view_.size = sizeof view_;
  view_.qos = static_cast<std::uint8_t>(qos);
  const mqtt::SharedFilter parts = mqtt::split_shared(filter);
  view_.filter = abi_str(parts.shared ? parts.filter : filter);
  if (parts.shared) view_.share = abi_str(parts.share);
}

}  // namespace mortise::host
