// Hook "mortise.store/1", draft: keeps the broker's state. One provider at a time.
//
// The kernel tells the store facts, in batches of one rising sequence, and the store reports how far the line
// of "written" and the line of "synced" have risen (draft/store_service.h). It knows no MQTT: it keeps facts
// by key.
//
// Grant: listing the table asks for it, and with it for MORTISE_HOST_STORE.
// Attach: yes, in start(), when the file is open; filters and kinds are not used.
// Thread: everything [strand], health() excepted, whatever the descriptor's flags say.
// Owns:   a batch and everything in it is the kernel's and stays readable until durable() has said SYNCED
//         for its sequence, whatever level the batch asked for. Nothing needs to be copied.
// Fails:  see commit().
#ifndef MORTISE_DRAFT_STORE_H
#define MORTISE_DRAFT_STORE_H

#include "mortise/abi/view.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MORTISE_STORE "mortise.store/1"

// What a record is about. The values are also the order in which READ_ALL emits them; deliveries, which are
// no records, come at place 6.
//
//   kind          key                       PUT holds besides
//   NUMBERS       (one row)                 number: the highest one reserved so far, whatever is numbered;
//                                           unix_ms: the broker's idea of the time
//   SESSION       session                   key: client identifier, owner: user name, unix_ms: expires,
//                                           seconds: expiry interval, position: sent_to, data
//   SUBSCRIPTION  session + share + filter  subscription, data
//   MESSAGE       number                    body, unix_ms: expires, deliveries, data
//   IDENTIFIERS   number (of a delivery)    data: its subscription identifiers, when there are several
//   INBOUND       session + identifier      nothing: the packet identifier of a QoS 2 PUBLISH that was
//                                           answered PUBREC and awaits PUBREL
//   RETAINED      key (the topic)           position: version, number: of the message, body,
//                                           unix_ms: expires, data
//   WILL          session, which holds      key: client identifier (of its SESSION, if there is one), body,
//                 a number of the will's    seconds: delay, unix_ms: due, data
//
// ERASE names the key and nothing else is read, with two exceptions. RETAINED: `position` is the version of
// the erase. SESSION: everything under the session ends with it, its subscriptions, deliveries and inbound
// identifiers; the rows may be swept later, but no read shows them again. Messages and wills are erased by
// name only. Erasing what is not there succeeds.
enum {
  MORTISE_REC_NUMBERS = 1,
  MORTISE_REC_SESSION = 2,
  MORTISE_REC_SUBSCRIPTION = 3,
  MORTISE_REC_MESSAGE = 4,
  MORTISE_REC_IDENTIFIERS = 5,
  MORTISE_REC_INBOUND = 7,
  MORTISE_REC_RETAINED = 8,
  MORTISE_REC_WILL = 9
};

// What happens to a fact.
enum {
  MORTISE_PUT = 1,   // from now on this holds; replaces what the key held
  MORTISE_ERASE = 2  // the key holds nothing any more
};

// One fact about the broker's state. Every number is below 2^63, so a signed 64-bit column keeps it, and is
// never given twice, across restarts either.
//
// Owns: the side that passes it; see the head for batches, and emit() for reads.
typedef struct mortise_record {
  uint32_t size;
  uint8_t kind;  // MORTISE_REC_*
  uint8_t op;    // MORTISE_PUT or MORTISE_ERASE; PUT when emitted
  uint8_t reserved[2];
  uint64_t session;     // number of the session; WILL: of the will
  uint64_t number;      // number of the message or delivery; NUMBERS: see above
  uint64_t position;    // SESSION: sent_to, places of its queue below it may have been sent. RETAINED:
                        // version: a PUT or ERASE below the version kept is ignored, and an erase stays as a
                        // tombstone until the store is next opened
  uint64_t unix_ms;     // wall time, 0 = no deadline runs: never, or the client is connected
  uint32_t seconds;     // SESSION: expiry interval, UINT32_MAX = never; WILL: delay
  uint32_t identifier;  // INBOUND: packet identifier
  uint32_t deliveries;  // MESSAGE: how many deliveries of it this PUT is for; a hint, 0 when emitted. A batch
                        // may hold several PUTs of one message, and then has as many deliveries more.
  uint32_t reserved2;
  mortise_str_t key;
  mortise_str_t owner;  // absent = no user name
  const mortise_subscription_t* subscription;
  // Topic, payload, properties, qos, retain, publisher, username and received_unix_ms are kept; of a WILL
  // expiry_s too, the interval that begins when it is sent. Of the other kinds it is MORTISE_NO_EXPIRY when
  // emitted.
  const mortise_message_view_t* body;
  mortise_bytes_t data;  // the kernel's own bytes, may be empty: give them back unchanged
} mortise_record_t;

// How far a delivery has come.
enum {
  MORTISE_QUEUED = 1,   // waiting, or sent and not acknowledged
  MORTISE_RECEIVED = 2  // PUBREC had come: send PUBREL, never PUBLISH again
};

// Flags of a delivery.
enum {
  MORTISE_DELIVERY_RETAIN = 1u << 0  // goes out with RETAIN set
};

// One message waiting for one session, 48 bytes, because a fan-out makes thousands. Key: `number`. An ERASE
// fills `number` and `op`, and ends the IDENTIFIERS of that number too: these are rare, so it pays to know
// whether there are any. Frozen.
typedef struct mortise_delivery_record {
  uint64_t number;      // of this delivery
  uint64_t message;     // number of the MESSAGE record, or of a RETAINED one
  uint64_t session;     // whose queue it waits in
  uint64_t position;    // its place in that queue, rising; fixes the packet identifier
  uint64_t group;       // number of the shared group it came through; 0 = none
  uint32_t identifier;  // the subscription identifier if there is just one; 0 = none, or see IDENTIFIERS
  uint8_t op;           // MORTISE_PUT or MORTISE_ERASE
  uint8_t qos;          // it goes out with: 0, 1, 2
  uint8_t state;        // MORTISE_QUEUED or MORTISE_RECEIVED
  uint8_t flags;        // MORTISE_DELIVERY_*; keep all bits
} mortise_delivery_record_t;

// Facts that become durable together or not at all. Applied in order: the records, then the deliveries.
// A batch offered again after a failure has the same sequence and the same content, and may find some of it
// there.
typedef struct mortise_batch {
  uint32_t size;
  uint32_t level;     // what is waited for: MORTISE_MEMORY by nobody, MORTISE_WRITTEN, MORTISE_SYNCED
  uint64_t sequence;  // rising by 1 from batch to batch, beginning with 1 after each start
  const mortise_record_t* const* records;
  size_t record_count;
  const mortise_delivery_record_t* deliveries;  // a plain array
  size_t delivery_count;
} mortise_batch_t;

// What a read asks for.
enum {
  MORTISE_READ_ALL = 1,      // everything, once after start, before the first commit and the first listener
  MORTISE_READ_MESSAGES = 2  // the messages of some deliveries, whose bodies left the kernel's memory
};

// A read.
// Owns: the kernel, until read() returns.
typedef struct mortise_read {
  uint32_t size;
  uint32_t kind;  // MORTISE_READ_*
  uint64_t request;
  // READ_MESSAGES: by rising number; of each, `number` and `message` are filled. All of them were WRITTEN.
  const mortise_delivery_record_t* deliveries;
  size_t delivery_count;
} mortise_read_t;

// How the store is.
enum {
  MORTISE_STORE_GOOD = 0,
  MORTISE_STORE_SLOW = 1,   // works, far behind; `text` says why
  MORTISE_STORE_FULL = 2,   // no room; takes batches again by itself when there is
  MORTISE_STORE_BROKEN = 3  // a write or sync failed and reopening has not cured it yet
};

// Figures about the store.
// Owns: the caller of health(), who fills `size`; the provider writes only what lies inside.
typedef struct mortise_health {
  uint32_t size;
  uint32_t state;          // MORTISE_STORE_*
  uint64_t bytes;          // on the device, everything included
  uint64_t bytes_free;     // left on the device
  uint64_t bytes_written;  // handed to the device since start: the wear of flash
  uint64_t unsynced_ms;    // age of the oldest batch not synced; 0 = none
  char text[160];          // one line for people, NUL at the end; names the path. Empty when good
} mortise_health_t;

// Owns: the plugin; constant data. All functions are required.
typedef struct mortise_store {
  uint32_t size;
  uint32_t reserved;

  // Keeps everything that waited, in order of sequence; one transaction for all of it if that is cheaper.
  // Answered by durable(), in the call or later: WRITTEN for every batch, then SYNCED for every batch, at
  // once if it asked for SYNCED and within a second else, since the kernel holds a batch's memory until then.
  // Fails: a returned status means that nothing of the array was taken. A failure found later is told by
  // durable() with the first sequence concerned. After either, return E_STATE until an array begins with that
  // sequence; the kernel offers it again. E_FULL when there is no room. A failed sync is final for the open
  // file: reopen it; everything above the synced line will be offered again. [strand]
  mortise_status_t (*commit)(void* self, const mortise_batch_t* const* batches, size_t count);

  // Emits what is asked for through emit() and emit_delivery(), then calls done(), in the call or later.
  // READ_ALL goes NUMBERS, SESSION, SUBSCRIPTION, MESSAGE, IDENTIFIERS, deliveries, INBOUND, RETAINED, WILL;
  // deliveries of one session by rising position; no tombstones. READ_MESSAGES emits the MESSAGE record of
  // every delivery named, a message that several of them share once or more, in any order, and none for a
  // delivery that is not kept: the kernel takes what it does not get as lost and drops it, so a store that
  // cannot be sure at present answers E_STATE or E_IO instead, in the call or in done(), and is asked again.
  // Kinds unknown: E_INVALID. [strand]
  mortise_status_t (*read)(void* self, const mortise_read_t* read);

  // Brings everything handed over so far to SYNCED, then calls done(request), in the call or later. [strand]
  mortise_status_t (*flush)(void* self, uint64_t request);

  // Fills `*out` from memory, without waiting for a file. [any]
  mortise_status_t (*health)(void* self, mortise_health_t* out);
} mortise_store_t;

#ifdef __cplusplus
}
#endif

#endif
