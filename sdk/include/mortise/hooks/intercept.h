// Hook "mortise.intercept/1": change or stop what a client sends, before it is authorised.
//
// Grant: listing the table asks for it.  Attach: yes; kinds say which functions (none = all the table has, on
// the strand those that can wait), filters are topic filters, which connect() does not look at.
#ifndef MORTISE_HOOKS_INTERCEPT_H
#define MORTISE_HOOKS_INTERCEPT_H

#include "mortise/abi/answer.h"
#include "mortise/abi/view.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MORTISE_INTERCEPT "mortise.intercept/1"

// What to attach to. PUBLISH and CONNECT can wait for a deferred answer; for WILL defer() returns E_STATE,
// and an instance on the strand cannot attach to it.
enum { MORTISE_INTERCEPT_PUBLISH = 1, MORTISE_INTERCEPT_CONNECT = 2, MORTISE_INTERCEPT_WILL = 3 };

// Owns: the plugin; constant data. A NULL function is not called.
typedef struct mortise_intercept {
  uint32_t size;
  uint32_t reserved;

  // Sees a PUBLISH from a client once, in the order of its packets; a QoS 2 message that was taken already is
  // not shown again. Takes
  //   PASS        go on with it;
  //   CHANGE      go on with verdict.messages[0], made by mortise_messages_t.make; its topic is authorised;
  //   DROP        acknowledge it, deliver it to nobody, count verdict.loss;
  //   DENY        acknowledge it with verdict.reason_code (0 = 0x83 Implementation specific error) to a 5.0
  //               client; to 3.x as DROP;
  //   DISCONNECT  close with verdict.reason_code (0 = 0x83);
  //   FALLBACK;
  //   PENDING     the packet and what the client sends after it wait; nobody else does.
  // Fallback: pass. [hook]
  mortise_answer_t (*publish)(void* self, mortise_call_t* call, const mortise_client_view_t* client,
                              const mortise_message_view_t* message);

  // Sees a CONNECT once, before anybody is asked who the client is. Takes PASS, DENY (CONNACK with
  // verdict.reason_code, 0 = 0x87 Not authorized, then closed), FALLBACK and PENDING: the CONNECT waits.
  // Nothing in it can be changed; a user name can be by who authenticates. Fallback: pass. [hook]
  mortise_answer_t (*connect)(void* self, mortise_call_t* call, const mortise_connect_t* connect);

  // Sees a will when it is due. `client` is mostly offline by then. Takes PASS, CHANGE (verdict.messages[0]
  // is published, and nobody is asked whether it may be), DROP (published to nobody, verdict.loss is counted)
  // and FALLBACK. Cannot wait: it runs where the connection has ended. Not shown: a will that a restart finds
  // in the store without a session. Fallback: pass. [loop]
  mortise_answer_t (*will)(void* self, mortise_call_t* call, const mortise_client_view_t* client,
                           const mortise_message_view_t* message);
} mortise_intercept_t;

#ifdef __cplusplus
}
#endif

#endif
