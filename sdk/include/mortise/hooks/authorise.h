// Hook "mortise.authorise/1": may this client do that?
//
// Grant: listing the table asks for it.  Attach: yes; kinds are actions (none = all, on the strand those that
// can wait), filters are topic filters.
#ifndef MORTISE_HOOKS_AUTHORISE_H
#define MORTISE_HOOKS_AUTHORISE_H

#include "mortise/abi/answer.h"
#include "mortise/abi/view.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MORTISE_AUTHORISE "mortise.authorise/1"

// What a client wants to do. A host sends only the actions a plugin attached to. All but RECEIVE can wait for
// a deferred answer: the packet that asks waits, and what the client sends after it. For RECEIVE defer()
// returns E_STATE, and an instance on the strand cannot attach to it.
enum {
  MORTISE_PUBLISH = 1,    // publish to a topic. DENY: 0x87 in PUBACK or PUBREC; to 3.x success, and counted
  MORTISE_SUBSCRIBE = 2,  // subscribe to one filter, asked once per filter. DENY: 0x87 or 0x80 in SUBACK
  MORTISE_RECEIVE = 3,    // be given a message; asked per receiver. DENY: not delivered, and counted
  MORTISE_WILL = 4,       // leave a will, asked at CONNECT. DENY: connected, but the will is never published,
                          // and counted
  MORTISE_RETAIN = 5  // keep a PUBLISH as retained, asked when it may be published. DENY: delivered, not kept
};

// One question.
// Owns: the host, until the hook returns.
typedef struct mortise_access {
  uint32_t size;
  uint32_t action;  // MORTISE_PUBLISH to MORTISE_RETAIN; answer PASS to one you do not know
  const mortise_client_view_t* client;
  const mortise_message_view_t* message;       // NULL for SUBSCRIBE
  const mortise_subscription_t* subscription;  // SUBSCRIBE, else NULL: filter, share and qos
  mortise_str_t topic;  // topic name; for SUBSCRIBE the filter, without the share's prefix
} mortise_access_t;

// Owns: the plugin; constant data.
typedef struct mortise_authorise {
  uint32_t size;
  uint32_t reserved;

  // Judges one action. Takes PASS, ALLOW, DENY, DISCONNECT, FALLBACK and, where the action can wait, PENDING.
  // DISCONNECT of WILL refuses the client: CONNACK with verdict.reason_code. Of RECEIVE and RETAIN it denies
  // and closes nothing.
  // Nobody attached, or all passed: allowed. Runs for every message: decide from memory. Fallback: deny.
  // [hook]
  mortise_answer_t (*check)(void* self, mortise_call_t* call, const mortise_access_t* access);
} mortise_authorise_t;

#ifdef __cplusplus
}
#endif

#endif
