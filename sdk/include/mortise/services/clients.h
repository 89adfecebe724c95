// Service "mortise.host.clients/1": which sessions there are, connected and away, and how to end them.
//
// All answers come later, on the strand: a session belongs to a loop, which is asked there.
//
// Grant: must be wanted; the scope is "read" (find, list, subscriptions) or "control" (kick); none = both.
// Open:  while the instance is running.
#ifndef MORTISE_SERVICES_CLIENTS_H
#define MORTISE_SERVICES_CLIENTS_H

#include "mortise/abi/view.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MORTISE_HOST_CLIENTS "mortise.host.clients/1"

// One session.
// Owns: the host, until the function that is shown it returns.
typedef struct mortise_client_info {
  uint32_t size;
  uint32_t subscriptions;
  uint64_t queued_messages;  // waiting or in flight
  uint64_t queued_bytes;     // of their topics and payloads
  uint64_t ends_unix_ms;     // away: when the session ends; 0 = never, or it is connected
  uint32_t stored;           // 1: it survives the broker
  uint32_t reserved;
  const mortise_client_view_t* client;  // `peer` is NULL and `client` 0 while it is away
  const void* spare;
  uint64_t oldest_unix_ms;  // when the message that waits or is in flight longest came; 0 = there is none
} mortise_client_info_t;

// Which sessions to list. A zero or absent field asks for nothing.
// Owns: the plugin, until list() returns.
typedef struct mortise_client_query {
  uint32_t size;
  uint32_t most;            // 0 = all
  mortise_str_t id_prefix;  // of the client identifier
  mortise_str_t username;
  mortise_str_t listener;  // its name in the YAML; matches connected clients only
  uint32_t connected;      // 1 = connected only, 2 = away only
  uint32_t reserved;
} mortise_client_query_t;

// Shown one session with OK. Otherwise `info` is NULL and it is the last call: E_END after a list, E_UNKNOWN
// when there is no such client, E_STATE when the instance stops or the loops have ended. [strand]
typedef void (*mortise_client_fn)(void* context, mortise_status_t status, const mortise_client_info_t* info);
// Likewise a subscription; `filter` is without the prefix of a shared one, `share` its name.
typedef void (*mortise_subscription_fn)(void* context, mortise_status_t status,
                                        const mortise_subscription_t* subscription);

enum {
  MORTISE_KICK_NO_WILL = 1u << 0,     // its will is not sent
  MORTISE_KICK_END_SESSION = 1u << 1  // and its session goes, with all that waits for it
};

// Owns: the host.
typedef struct mortise_clients {
  uint32_t size;
  uint32_t reserved;
  // One session by its client identifier. A call with OK, or E_UNKNOWN, and no more. [any & running]
  mortise_status_t (*find)(const mortise_host_t* host, mortise_str_t client_id, mortise_client_fn fn,
                           void* context);
  // All that the query asks for, a few hundred a turn of each loop. One that comes or goes meanwhile may be
  // missed, none is shown twice. `query` NULL = all. [any & running]
  mortise_status_t (*list)(const mortise_host_t* host, const mortise_client_query_t* query,
                           mortise_client_fn fn, void* context);
  // What a client has subscribed to. [any & running]
  mortise_status_t (*subscriptions)(const mortise_host_t* host, mortise_str_t client_id,
                                    mortise_subscription_fn fn, void* context);
  // Ends the connection of a client, or its session when it is away and MORTISE_KICK_END_SESSION is
  // given. 5.0 clients are told `reason_code`, which a DISCONNECT of a server may carry (0 = 0x98,
  // administrative action), and `why`. It is logged with the instance's name. `done` may be NULL: OK,
  // E_UNKNOWN, E_STATE. E_INVALID: another reason code. [any & running]
  mortise_status_t (*kick)(const mortise_host_t* host, mortise_str_t client_id, uint8_t reason_code,
                           uint32_t flags, mortise_str_t why, mortise_done_fn done, void* context);
} mortise_clients_t;

#ifdef __cplusplus
}
#endif

#endif
