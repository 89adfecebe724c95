// Service "mortise.host.inline/1": a client without a socket. It subscribes, is given messages, acknowledges
// them and publishes, as an MQTT 5.0 client does, and its session outlives the plugin, the connection and the
// broker. What carries messages elsewhere (a bridge, a rule engine, a database writer) stands on this.
//
// What an MQTT client sends is a function here, what it is sent is a callback, and the words are MQTT's:
// exactly once takes the four steps it takes there, so that whoever passes each step on to another broker is
// exactly once from end to end and need not store anything.
//
// Grant: must be wanted; the scope is a topic filter: a topic or filter outside of it is E_NOT_GRANTED.
// Open:  from start() on. Clients opened in start() come to life when the broker's loops do. At drain() all are closed,
//        sessions with an expiry stay.
#ifndef MORTISE_SERVICES_INLINE_H
#define MORTISE_SERVICES_INLINE_H

#include "mortise/abi/view.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MORTISE_HOST_INLINE "mortise.host.inline/1"

// One inline client, from open() to closed(). A value; 0 = none. Frozen.
typedef struct mortise_inline {
  uint64_t id;
} mortise_inline_t;

enum {
  MORTISE_INLINE_CLEAN_START = 1u << 0,  // discard the session there may be
  // Forget the packet identifiers of QoS 2 messages that were published and not completed: whoever they came
  // from knows nothing of them any more. The rest of the session stays.
  MORTISE_INLINE_FORGET_INBOUND = 1u << 1,
  // Authorise and intercept hooks are asked about what it publishes and subscribes to. Without it nobody is.
  MORTISE_INLINE_THROUGH_HOOKS = 1u << 2
};

enum {
  MORTISE_INLINE_DUP = 1u << 0,    // was given to this session before
  MORTISE_INLINE_RETAIN = 1u << 1  // the RETAIN flag of this delivery
};

// One message for one inline client.
// Owns: the host, until deliver() returns; keep the message with ref().
typedef struct mortise_delivery {
  uint32_t size;
  // Of this session, as in MQTT: given again under the same one until it is acknowledged, across restarts
  // too; 0 for QoS 0.
  uint16_t packet_id;
  uint8_t qos;                            // of this delivery
  uint8_t flags;                          // MORTISE_INLINE_DUP, MORTISE_INLINE_RETAIN
  const mortise_message_view_t* message;  // `publisher` and `username` are not known here and absent
  const uint32_t* subscription_identifiers;
  size_t subscription_identifier_count;
} mortise_delivery_t;

// Told once what became of a request. `reason_code` is the broker's (MQTT 5.0 table 2-6), 0x80 and above for
// a refusal with MORTISE_OK as status. A negative status: E_STATE, the client was closed first, and how far
// it came is not known. [strand]
typedef void (*mortise_reply_fn)(void* context, mortise_status_t status, uint8_t reason_code);

// What to open.
// Owns: the plugin, until open() returns; `context` until closed() returns.
typedef struct mortise_inline_open {
  uint32_t size;
  uint32_t flags;           // MORTISE_INLINE_*
  mortise_str_t client_id;  // the session's is "$inline/<instance>/<this>", which no other client can take
  mortise_str_t username;   // absent: the instance's name
  uint32_t session_expiry_s;
  uint16_t receive_maximum;  // QoS 1 and 2 messages unacknowledged at a time; 0 = 64
  uint16_t reserved;
  uint32_t
      credits;  // deliveries until credit() is called, of any QoS; what acknowledges stands in the same line
  uint32_t queue_messages;  // what may wait in the session at most, in place of session.queue; 0 = as there
  uint64_t queue_bytes;     // of topics and payloads, likewise
  uint32_t queue_age_s;     // older ones are not given any more, and counted as expired; 0 = any age
  uint32_t reserved2;
  const void* spare;
  void* context;
  // It is there. Once, before anything else. [strand]
  void (*opened)(void* context, uint32_t session_present);
  // Messages, in order. [strand]
  void (*deliver)(void* context, const mortise_delivery_t* const* deliveries, size_t count);
  // That received() was called for this identifier is stored: the message will not be given again. Answer
  // with acknowledge(). Also for what was received and not acknowledged before the client was opened.
  // [strand]
  void (*release)(void* context, uint16_t packet_id);
  // It is over; the last call. The reason code is that of the DISCONNECT, or of the CONNACK that refused it;
  // 0 after close(). [strand]
  void (*closed)(void* context, uint8_t reason_code);
} mortise_inline_open_t;

// Owns: the host.
typedef struct mortise_inline_clients {
  uint32_t size;
  uint32_t reserved;
  // Opens a client; opened() or closed() follows. One of the same identifier that is open is closed (0x8E).
  // E_INVALID: no client identifier, or one of over 200 bytes. E_LIMIT: 80 are open. [any]
  mortise_status_t (*open)(const mortise_host_t* host, const mortise_inline_open_t* how,
                           mortise_inline_t* client);
  // Closes a client: closed() follows. `end_session` 1 ends its session, too. E_UNKNOWN: it is closed
  // already. [any]
  mortise_status_t (*close)(const mortise_host_t* host, mortise_inline_t client, uint32_t end_session);

  // Subscribes to a filter, or changes the subscription: `filter`, `share`, `identifier`, `qos` and the
  // options count. `done` NULL = does not care. E_INVALID, E_NOT_GRANTED, E_UNKNOWN, E_BUSY: too much under
  // way. [any]
  mortise_status_t (*subscribe)(const mortise_host_t* host, mortise_inline_t client,
                                const mortise_subscription_t* subscription, mortise_reply_fn done,
                                void* context);
  // `filter` with "$share/<name>/" where it is a shared one. [any]
  mortise_status_t (*unsubscribe)(const mortise_host_t* host, mortise_inline_t client, mortise_str_t filter,
                                  mortise_reply_fn done, void* context);

  // Allows so many deliveries more. [any]
  mortise_status_t (*credit)(const mortise_host_t* host, mortise_inline_t client, uint32_t more);
  // The message is done with: PUBACK for QoS 1, PUBCOMP for QoS 2 after release(). Until then it stays in the
  // session, in the store too. A reason of 0x80 and above is counted as a refusal; the message is done with
  // all the same. In any order. [any]
  mortise_status_t (*acknowledge)(const mortise_host_t* host, mortise_inline_t client, uint16_t packet_id,
                                  uint8_t reason_code);
  // A QoS 2 message was received (PUBREC): release() follows when that is stored. With a reason of 0x80 and
  // above the message is done with, and nothing follows. [any]
  mortise_status_t (*received)(const mortise_host_t* host, mortise_inline_t client, uint16_t packet_id,
                               uint8_t reason_code);

  // Publishes as this client. The caller keeps its reference. `done`: the broker has taken responsibility, as
  // durably as the topic's class asks (PUBACK, PUBREC); for QoS 0 when it was routed. QoS 0 and 1:
  // `packet_id` is 0. QoS 2: `packet_id` is the caller's, and a message under an identifier that is not
  // completed is the same message again. E_INVALID: the wrong one of the two; told through `done`: the
  // identifier's last request has no answer yet. E_LIMIT: the broker would never take it, for its size or its
  // topic: limits.packet_size, topic_levels, topic_length. E_BUSY: too much under way, wait for a done.
  // E_UNKNOWN: closed. [any]
  mortise_status_t (*publish)(const mortise_host_t* host, mortise_inline_t client, mortise_message_t* message,
                              uint16_t packet_id, mortise_reply_fn done, void* context);
  // Completes a QoS 2 message (PUBREL): `done` when its identifier is forgotten (PUBCOMP), and may be used
  // again. An identifier that is not known is no error: reason 0x92. [any]
  mortise_status_t (*complete)(const mortise_host_t* host, mortise_inline_t client, uint16_t packet_id,
                               mortise_reply_fn done, void* context);
} mortise_inline_clients_t;

#ifdef __cplusplus
}
#endif

#endif
