#include "host/abi_text.hpp"
#include "host/host_table.hpp"
#include "host/innards.hpp"
#include "host/instance.hpp"
#include "mqtt/reason_code.hpp"
#include "mqtt/utf8.hpp"

namespace mortise::host {

namespace {

constexpr std::uint32_t kick_flags = MORTISE_KICK_NO_WILL | MORTISE_KICK_END_SESSION;

// Runs `ask` if the instance may, and may do this.
template <class Ask>
mortise_status_t with(const mortise_host_t* host, std::string_view scope, bool is_sound, Ask ask) {
  Instance& instance = Instance::of(host);
  if (!instance.is(State::running)) return MORTISE_E_STATE;
  if (!is_sound) return MORTISE_E_INVALID;
  if (!instance.grants.covers(MORTISE_HOST_CLIENTS, scope)) return MORTISE_E_NOT_GRANTED;
  return as_status([&]() -> mortise_status_t { return ask(instance), MORTISE_OK; });
}

mortise_status_t find(const mortise_host_t* host, mortise_str_t client_id, mortise_client_fn fn,
                      void* context) {
  return with(host, "read", fn && client_id.data, [&](Instance& instance) {
    instance.in.client_reads.find(instance, std::string{view_of(client_id)}, fn, context);
  });
}

mortise_status_t list(const mortise_host_t* host, const mortise_client_query_t* query, mortise_client_fn fn,
                      void* context) {
  const bool is_sound = fn && (!query || (MORTISE_HAS(query, connected) && query->connected <= 2));
  return with(host, "read", is_sound, [&](Instance& instance) {
    ClientQuery asked;
    if (query) {
      if (query->most != 0) asked.most = query->most;
      asked.id_prefix = view_of(query->id_prefix);
      asked.username = view_of(query->username);
      asked.listener = view_of(query->listener);
      asked.only_connected = query->connected == 1;
      asked.only_away = query->connected == 2;
    }
    instance.in.client_reads.list(instance, std::move(asked), fn, context);
  });
}

mortise_status_t subscriptions(const mortise_host_t* host, mortise_str_t client_id,
                               mortise_subscription_fn fn, void* context) {
  return with(host, "read", fn && client_id.data, [&](Instance& instance) {
    instance.in.client_reads.subscriptions(instance, std::string{view_of(client_id)}, fn, context);
  });
}

mortise_status_t kick(const mortise_host_t* host, mortise_str_t client_id, std::uint8_t reason_code,
                      std::uint32_t flags, mortise_str_t why, mortise_done_fn done, void* context) {
  broker::Kick how;
  if (reason_code != 0) how.reason = static_cast<mqtt::ReasonCode>(reason_code);
  how.sends_will = (flags & MORTISE_KICK_NO_WILL) == 0;
  how.ends_session = (flags & MORTISE_KICK_END_SESSION) != 0;
  const bool is_sound = client_id.data && (flags & ~kick_flags) == 0 && mqtt::is_error(how.reason) &&
                        mqtt::is_allowed(how.reason, mqtt::PacketType::disconnect) &&
                        mqtt::is_utf8(view_of(why));
  return with(host, "control", is_sound, [&](Instance& instance) {
    const std::string text = why.size != 0 ? std::string{view_of(why)} : "ended by plugin " + instance.name();
    how.by = "plugin " + instance.name();
    instance.in.client_reads.kick(instance, std::string{view_of(client_id)}, how, text, done, context);
  });
}

constexpr mortise_clients_t table{sizeof table, 0, &find, &list, &subscriptions, &kick};

}  // namespace

const mortise_clients_t& clients_service() { return table; }

}  // namespace mortise::host
