// Hook "mortise.observe/1": what happened, in batches.
//
// Grant: listing the table asks for it.  Attach: yes; kinds are the event types and must be named, filters
// are topic filters for events that have a message.
#ifndef MORTISE_HOOKS_OBSERVE_H
#define MORTISE_HOOKS_OBSERVE_H

#include "mortise/abi/answer.h"
#include "mortise/abi/view.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MORTISE_OBSERVE "mortise.observe/1"

// Types of events: an open set. After the dash: what is filled in besides type, time and, where there is one,
// the client.
enum {
  MORTISE_EV_CONNECTED = 1,           // CONNACK was success
  MORTISE_EV_DISCONNECTED = 2,        // the connection is over - reason_code
  MORTISE_EV_REFUSED = 3,             // CONNACK was not success - reason_code
  MORTISE_EV_DENIED = 4,              // an action was denied - reason_code, name: topic or filter
  MORTISE_EV_SESSION_CREATED = 5,     // no session was there, or a clean start ended it
  MORTISE_EV_SESSION_RESUMED = 6,     // a session that was there goes on
  MORTISE_EV_SESSION_TAKEN_OVER = 7,  // another connection took the session
  MORTISE_EV_SESSION_OFFLINE = 8,     // the session goes on without a connection
  MORTISE_EV_SESSION_EXPIRED = 9,     // its time was up
  MORTISE_EV_SUBSCRIBED = 10,         // - name: filter as in SUBSCRIBE, qos: granted
  MORTISE_EV_UNSUBSCRIBED = 11,       // - name: filter as in UNSUBSCRIBE
  MORTISE_EV_PUBLISHED = 12,          // a message was accepted and routed - message
  MORTISE_EV_DELIVERED = 13,          // a message was sent to this client - message, qos
  MORTISE_EV_ACKNOWLEDGED = 14,       // this client has acknowledged a delivery - message (*), reason_code
  // A delivery or message was given up - name: the ledger's reason; message (*). (*) NULL when its body had
  // left memory for the store: then only attachments without topic filters see the event.
  MORTISE_EV_DROPPED = 16,
  MORTISE_EV_RETAINED_SET = 18,      // - message
  MORTISE_EV_RETAINED_CLEARED = 19,  // - message: its topic
  MORTISE_EV_WILL_SENT = 21          // - message
};

// One happening. One shape for all types; what a type does not use is zero.
// Owns: the host, until events() returns.
typedef struct mortise_event {
  uint32_t size;
  uint16_t type;        // MORTISE_EV_*
  uint8_t reason_code;  // MQTT 5.0
  uint8_t qos;
  uint64_t unix_ns;                       // wall time
  const mortise_client_view_t* client;    // NULL = no client is concerned
  const mortise_message_view_t* message;  // NULL = no message is
  mortise_str_t name;
} mortise_event_t;

// Owns: the plugin; constant data.
typedef struct mortise_observe {
  uint32_t size;
  uint32_t reserved;

  // Shows what happened in one turn of a loop, oldest first. Events of one client keep their order. [hook]
  void (*events)(void* self, mortise_call_t* call, const mortise_event_t* const* events, size_t count);
} mortise_observe_t;

#ifdef __cplusplus
}
#endif

#endif
