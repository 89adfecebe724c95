// What a hook says, now or later, and the call it says it in.
//
// Source: a decision's chain is asked in the operator's order. PASS asks the next plugin, ALLOW and DENY end
//         the chain, CHANGE goes on with the new value. When all passed, the kernel's default holds.
#ifndef MORTISE_ABI_ANSWER_H
#define MORTISE_ABI_ANSWER_H

#include "mortise/abi/types.h"

#ifdef __cplusplus
extern "C" {
#endif

// An answer. Each hook says which ones it takes; any other counts as a fault and the fallback stands in.
typedef int32_t mortise_answer_t;
enum {
  MORTISE_PASS = 0,        // no opinion: ask the next plugin
  MORTISE_ALLOW = 1,       // yes, and ask nobody else
  MORTISE_DENY = 2,        // no, and ask nobody else
  MORTISE_CHANGE = 3,      // go on with what the verdict holds in place of the input
  MORTISE_DROP = 4,        // tell the sender it succeeded, count verdict.loss, send it to nobody
  MORTISE_CONTINUE = 5,    // the client has to answer verdict.authentication_data
  MORTISE_DISCONNECT = 6,  // deny, and close the connection with verdict.reason_code
  MORTISE_PENDING = 100,   // defer() gave a token in this call; answer() follows
  MORTISE_REPLIED = 101,   // what reply() returned; hand it on unchanged
  MORTISE_FALLBACK = 102   // cannot decide: the operator's fallback for this hook stands in
};

// Why a token became void before it was answered.
enum {
  MORTISE_CANCEL_CLIENT_GONE = 1,  // nobody waits for it any more
  MORTISE_CANCEL_DEADLINE = 2,     // time is up; the fallback was applied
  MORTISE_CANCEL_DRAIN = 3         // the instance is stopping; the fallback was applied
};

// mortise_call_t.loop of a call that does not come from a loop.
#define MORTISE_NO_LOOP UINT32_MAX

// One call of one hook.
// Owns: the host; dead when the hook returns.
typedef struct mortise_call {
  uint32_t size;
  uint32_t loop;    // index of the calling loop, for state kept per loop; or MORTISE_NO_LOOP
  uint64_t now_ns;  // monotonic time of this turn: no need to ask a clock in a hook
  void* context;    // the host's
  const void* spare;
} mortise_call_t;

// Who a client is from now on. Absent fields change nothing.
typedef struct mortise_identity {
  uint32_t size;
  uint32_t reserved;
  mortise_str_t username;  // stands in for the user name of CONNECT in every later view
} mortise_identity_t;

// Details of an answer. Zero whatever you do not set, `size` excepted.
// Owns: the plugin, until reply() or answer() returns; both copy. References in `messages` pass to the host
//       with the call, also when the call fails.
struct mortise_verdict {
  uint32_t size;
  uint8_t reason_code;  // an MQTT 5.0 reason code fit for the packet that answers; 0 = the usual one. Of
                        // control.run: 0 or MORTISE_CONTROL_WRONG
  uint8_t reserved[3];
  uint32_t loss;  // for DROP, and DENY of accept: a reason from the ledger service; 0 = "plugin". With
                  // another DENY it is not counted yet
  uint32_t reserved2;
  uint64_t client_data;  // authenticate, with ALLOW: becomes mortise_client_view_t.data for this instance
  mortise_str_t reason_string;         // for a 5.0 client that wants to know, if its packets may be so large
  mortise_str_t rule;                  // to the log: what decided, such as "access.yaml:14"
  const mortise_identity_t* identity;  // authenticate, with ALLOW; NULL = as in CONNECT
  mortise_message_t* const* messages;  // intercept, with CHANGE: what replaces the message
  size_t message_count;                // with CHANGE exactly 1
  const void* spare;
  mortise_bytes_t authentication_data;  // authenticate.exchange: for the client; absent = none
  mortise_str_t server_reference;       // with DENY of a client or DISCONNECT, and reason code 0x9C or 0x9D:
                                        // where to go instead
  mortise_bytes_t data;                 // control.run, with ALLOW: JSON, UTF-8; absent = there is nothing to
                                        // show. Maps and lists of maps are shown as tables
  mortise_str_t remedy;                 // control.run, with DENY: what to do about it; absent = the reason
                                        // string says it
};

#ifdef __cplusplus
}
#endif

#endif
