// Service "mortise.host.messages/1": keep, make and read messages.
//
// Grant: none needed.   Open: from start() to the end of stop(); next() and matches() always.
#ifndef MORTISE_SERVICES_MESSAGES_H
#define MORTISE_SERVICES_MESSAGES_H

#include "mortise/abi/view.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MORTISE_HOST_MESSAGES "mortise.host.messages/1"

// Which fields of an edit count.
enum {
  MORTISE_SET_TOPIC = 1u << 0,
  MORTISE_SET_PAYLOAD = 1u << 1,
  MORTISE_SET_QOS = 1u << 2,
  MORTISE_SET_RETAIN = 1u << 3,
  MORTISE_SET_EXPIRY = 1u << 4,
  MORTISE_CLEAR_PROPERTIES = 1u << 5  // before anything is added
};

// What a new message has that its base has not.
// Owns: the plugin, until make() returns; copied.
typedef struct mortise_edit {
  uint32_t size;
  uint32_t set;  // MORTISE_SET_* | MORTISE_CLEAR_PROPERTIES
  uint8_t qos;
  uint8_t retain;
  uint8_t reserved[2];
  uint32_t expiry_s;  // or MORTISE_NO_EXPIRY
  mortise_str_t topic;
  mortise_bytes_t payload;
  const uint8_t* remove;  // identifiers of properties to leave out, every occurrence
  size_t remove_count;
  const mortise_property_t* add;  // a plain array, appended in order after removals
  size_t add_count;
} mortise_edit_t;

// Owns: the host.
typedef struct mortise_messages {
  uint32_t size;
  uint32_t reserved;

  // A counted message out of a view given to a hook, to be kept beyond the call [call], or one more reference
  // out of what view() returned [any]. NULL = no memory.
  mortise_message_t* (*ref)(const mortise_host_t* host, const mortise_message_view_t* view);

  // Gives a reference back. NULL is allowed. [any]
  void (*unref)(const mortise_host_t* host, mortise_message_t* message);

  // What is in a message; valid as long as the reference. [any]
  const mortise_message_view_t* (*view)(const mortise_host_t* host, mortise_message_t* message);

  // Makes a message out of `base` and `edit`; the caller gets one reference. Without a base (NULL) topic and
  // payload come from the edit, QoS 0, not retained, without expiry. E_INVALID: a topic that is not a valid
  // topic name, a QoS above 2, a property a PUBLISH may not carry. E_MEMORY. [any]
  mortise_status_t (*make)(const mortise_host_t* host, const mortise_message_view_t* base,
                           const mortise_edit_t* edit, mortise_message_t** out);

  // Reads the property at `*cursor` (0 at first) of the bytes of a view into `*out`, and moves the cursor
  // behind it. E_END: no more. E_INVALID: not well-formed. `out` points into the bytes. [any]
  mortise_status_t (*next)(mortise_bytes_t properties, size_t* cursor, mortise_property_t* out);

  // Whether a topic filter matches a topic name by MQTT's rules, "$" topics included. 1 yes, 0 no, E_INVALID
  // if one of them is not valid. [any]
  int32_t (*matches)(mortise_str_t filter, mortise_str_t topic);
} mortise_messages_t;

#ifdef __cplusplus
}
#endif

#endif
