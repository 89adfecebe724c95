// Hook "mortise.intercept/1": change or stop what a client sends, before it is authorised.
//
// Grant: listing the table asks for it.  Attach: yes; filters are topic filters, kinds are not used.
#ifndef MORTISE_HOOKS_INTERCEPT_H
#define MORTISE_HOOKS_INTERCEPT_H

#include "mortise/abi/answer.h"
#include "mortise/abi/view.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MORTISE_INTERCEPT "mortise.intercept/1"

// Owns: the plugin; constant data.
typedef struct mortise_intercept {
  uint32_t size;
  uint32_t reserved;

  // Sees a PUBLISH from a client, in the order of its packets. Takes
  //   PASS        go on with it;
  //   CHANGE      go on with verdict.messages[0], made by mortise_messages_t.make; its topic is authorised;
  //   DROP        acknowledge it, deliver it to nobody, count verdict.loss;
  //   DENY        acknowledge it with verdict.reason_code (0 = 0x83 Implementation specific error) to a 5.0
  //               client; to 3.x as DROP;
  //   DISCONNECT  close with verdict.reason_code (0 = 0x83);
  //   FALLBACK.
  // Cannot wait: defer() returns E_STATE, and an instance on the strand cannot attach. Fallback: pass. [loop]
  mortise_answer_t (*publish)(void* self, mortise_call_t* call, const mortise_client_view_t* client,
                              const mortise_message_view_t* message);
} mortise_intercept_t;

#ifdef __cplusplus
}
#endif

#endif
