// What hooks are shown: messages, clients, connections, subscriptions.
//
// Owns:   the host, and everything they point to, until the hook returns.
// Source: MQTT 5.0; field names are its words. For 3.1 and 3.1.1 clients the fields of 5.0 hold the 5.0
// defaults.
#ifndef MORTISE_ABI_VIEW_H
#define MORTISE_ABI_VIEW_H

#include "mortise/abi/types.h"

#ifdef __cplusplus
extern "C" {
#endif

// How the value of a property is written on the wire (MQTT 5.0 table 2-4).
enum {
  MORTISE_PROPERTY_BYTE = 1,       // in `number`
  MORTISE_PROPERTY_TWO_BYTE = 2,   // in `number`
  MORTISE_PROPERTY_FOUR_BYTE = 3,  // in `number`
  MORTISE_PROPERTY_VARIABLE = 4,   // in `number`
  MORTISE_PROPERTY_BINARY = 5,     // in `value`
  MORTISE_PROPERTY_STRING = 6,     // in `value`
  MORTISE_PROPERTY_PAIR = 7        // `name` and `value`: a User Property
};

// One property, as mortise_messages_t.next reads it. Frozen.
typedef struct mortise_property {
  uint8_t id;    // the identifier of MQTT 5.0 table 2-4, such as 0x26 for a User Property
  uint8_t type;  // MORTISE_PROPERTY_*; follows from `id`
  uint8_t reserved[2];
  uint32_t number;
  mortise_bytes_t value;
  mortise_str_t name;
} mortise_property_t;

// mortise_message_view_t.expiry_s of a message that never expires.
#define MORTISE_NO_EXPIRY UINT32_MAX

// A message, wherever it comes from.
typedef struct mortise_message_view {
  uint32_t size;
  uint8_t qos;     // 0, 1, 2
  uint8_t retain;  // 1: the RETAIN flag of the PUBLISH
  uint8_t reserved[2];
  uint32_t expiry_s;  // seconds it has left, or MORTISE_NO_EXPIRY
  uint32_t reserved2;
  mortise_str_t topic;
  mortise_bytes_t payload;
  mortise_bytes_t
      properties;           // in wire encoding, without their length: Payload Format Indicator, Content Type,
                            // Response Topic, Correlation Data and User Properties, in order, and no others
  mortise_str_t publisher;  // client identifier; of a message made by a plugin: its instance name
  mortise_str_t username;   // of the publisher
  uint64_t received_unix_ms;  // wall time of its arrival
  const void* context;        // the host's; NULL in a view a plugin fills
  const void* spare;
} mortise_message_view_t;

// The other end of a connection.
typedef struct mortise_peer {
  uint32_t size;
  uint16_t port;  // 0 for a Unix socket
  uint16_t reserved;
  mortise_str_t listener;  // its name in the YAML
  mortise_str_t address;   // numeric IPv4 or IPv6 address, or the path of the Unix socket
  mortise_str_t identity;  // who the client's certificate proves it is, in the field the listener asks for,
                           // or whose key (PSK) it has; the client goes by it as its user name, whatever its
                           // CONNECT says; absent = none
  mortise_str_t cipher;    // for people: "TLSv1.3 TLS_AES_256_GCM_SHA384"; absent = nothing is encrypted
} mortise_peer_t;

// A client that was accepted.
typedef struct mortise_client_view {
  uint32_t size;
  uint8_t protocol_version;  // 3, 4, 5
  uint8_t connected;         // 0: the session is offline
  uint16_t keep_alive_s;
  uint32_t session_expiry_s;  // UINT32_MAX = never expires
  uint32_t reserved;
  mortise_client_t client;  // 0 while offline
  uint64_t data;            // what this instance's verdict.client_data said; 0 if nothing
  mortise_str_t client_id;
  mortise_str_t username;      // absent = none
  const mortise_peer_t* peer;  // NULL while offline
  const void* spare;
} mortise_client_view_t;

// A CONNECT, wholly read and well-formed, with nothing in it trusted yet.
typedef struct mortise_connect {
  uint32_t size;
  uint8_t protocol_version;  // 3, 4, 5
  uint8_t clean_start;       // clean session in 3.x
  uint8_t has_username;
  uint8_t has_password;
  uint16_t keep_alive_s;
  uint16_t receive_maximum;
  uint32_t session_expiry_s;     // UINT32_MAX = never expires
  uint32_t maximum_packet_size;  // 0 = no limit
  uint32_t will_delay_s;
  mortise_client_t client;
  const mortise_peer_t* peer;
  const mortise_message_view_t* will;  // NULL = none
  mortise_str_t client_id;             // empty: the server will assign one
  mortise_str_t username;
  mortise_bytes_t password;
  mortise_bytes_t properties;  // all of CONNECT's, in wire encoding, without their length
} mortise_connect_t;

// One subscription of a client.
typedef struct mortise_subscription {
  uint32_t size;
  uint32_t identifier;  // Subscription Identifier; 0 = none
  uint8_t qos;          // maximum QoS asked for
  uint8_t no_local;
  uint8_t retain_as_published;
  uint8_t retain_handling;  // 0, 1, 2
  uint32_t reserved;
  mortise_str_t filter;  // without "$share/<name>/"
  mortise_str_t share;   // ShareName of a shared subscription; absent = not shared
} mortise_subscription_t;

#ifdef __cplusplus
}
#endif

#endif
