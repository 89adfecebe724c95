#include "host/abi_text.hpp"
#include "host/host_table.hpp"
#include "host/innards.hpp"
#include "host/instance.hpp"
#include "host/message_handle.hpp"
#include "mqtt/reason_code.hpp"
#include "mqtt/utf8.hpp"

namespace mortise::host {

namespace {

constexpr std::size_t client_id_max = 200;  // bytes
constexpr std::uint32_t flags_known =
    MORTISE_INLINE_CLEAN_START | MORTISE_INLINE_FORGET_INBOUND | MORTISE_INLINE_THROUGH_HOOKS;

mortise_status_t open(const mortise_host_t* host, const mortise_inline_open_t* how,
                      mortise_inline_t* client) {
  Instance& instance = Instance::of(host);
  if (!instance.is(State::starting) && !instance.is(State::running)) return MORTISE_E_STATE;
  if (!how || !client || !MORTISE_HAS(how, closed) || (how->flags & ~flags_known) != 0)
    return MORTISE_E_INVALID;
  const std::string_view client_id = view_of(how->client_id);
  if (client_id.empty() || client_id.size() > client_id_max || !mqtt::is_utf8(client_id) ||
      !mqtt::is_utf8(view_of(how->username)) || view_of(how->username).size() > client_id_max)
    return MORTISE_E_INVALID;
  return as_status([&] { return instance.in.inline_clients.open(instance, *how, *client); });
}

// Runs `call` with the client, if it is there.
template <class Call>
mortise_status_t with(const mortise_host_t* host, mortise_inline_t client, Call call) {
  Instance& instance = Instance::of(host);
  if (!instance.is_open()) return MORTISE_E_STATE;
  return as_status([&]() -> mortise_status_t {
    const auto found = instance.in.inline_clients.find(instance, client);
    return found ? call(*found) : MORTISE_E_UNKNOWN;
  });
}

// A reason code as it may stand in an acknowledgement; anything else is the plugin's mistake.
bool may_acknowledge(std::uint8_t code, mqtt::PacketType type) {
  return mqtt::is_allowed(static_cast<mqtt::ReasonCode>(code), type);
}

mortise_status_t close(const mortise_host_t* host, mortise_inline_t client, std::uint32_t end_session) {
  return with(host, client, [&](InlineClient& one) { return one.close(end_session != 0); });
}

mortise_status_t subscribe(const mortise_host_t* host, mortise_inline_t client,
                           const mortise_subscription_t* subscription, mortise_reply_fn done, void* context) {
  if (!subscription || !MORTISE_HAS(subscription, share)) return MORTISE_E_INVALID;
  return with(host, client, [&](InlineClient& one) { return one.subscribe(*subscription, {done, context}); });
}

mortise_status_t unsubscribe(const mortise_host_t* host, mortise_inline_t client, mortise_str_t filter,
                             mortise_reply_fn done, void* context) {
  return with(host, client, [&](InlineClient& one) {
    return one.unsubscribe(view_of(filter), {done, context});
  });
}

mortise_status_t credit(const mortise_host_t* host, mortise_inline_t client, std::uint32_t more) {
  return with(host, client, [&](InlineClient& one) { return one.credit(more); });
}

mortise_status_t acknowledge(const mortise_host_t* host, mortise_inline_t client, std::uint16_t packet_id,
                             std::uint8_t reason) {
  if (!may_acknowledge(reason, mqtt::PacketType::puback)) return MORTISE_E_INVALID;
  return with(host, client, [&](InlineClient& one) {
    return one.acknowledge(packet_id, static_cast<mqtt::ReasonCode>(reason));
  });
}

mortise_status_t received(const mortise_host_t* host, mortise_inline_t client, std::uint16_t packet_id,
                          std::uint8_t reason) {
  if (!may_acknowledge(reason, mqtt::PacketType::pubrec)) return MORTISE_E_INVALID;
  return with(host, client, [&](InlineClient& one) {
    return one.received(packet_id, static_cast<mqtt::ReasonCode>(reason));
  });
}

mortise_status_t publish(const mortise_host_t* host, mortise_inline_t client, mortise_message_t* message,
                         std::uint16_t packet_id, mortise_reply_fn done, void* context) {
  if (!message) return MORTISE_E_INVALID;
  return with(host, client, [&](InlineClient& one) {
    return one.publish(*message->message, packet_id, {done, context});
  });
}

mortise_status_t complete(const mortise_host_t* host, mortise_inline_t client, std::uint16_t packet_id,
                          mortise_reply_fn done, void* context) {
  return with(host, client, [&](InlineClient& one) { return one.complete(packet_id, {done, context}); });
}

constexpr mortise_inline_clients_t table{sizeof table, 0,       &open,        &close,    &subscribe,
                                         &unsubscribe, &credit, &acknowledge, &received, &publish,
                                         &complete};

}  // namespace

const mortise_inline_clients_t& inline_service() { return table; }

}  // namespace mortise::host
