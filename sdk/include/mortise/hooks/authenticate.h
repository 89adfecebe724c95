// Hook "mortise.authenticate/1": is this client who it says it is?
//
// Grant: listing the table asks for it.  Attach: yes; filters and kinds are not used.
#ifndef MORTISE_HOOKS_AUTHENTICATE_H
#define MORTISE_HOOKS_AUTHENTICATE_H

#include "mortise/abi/answer.h"
#include "mortise/abi/view.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MORTISE_AUTHENTICATE "mortise.authenticate/1"

// Owns: the plugin; constant data. A NULL function is not called.
typedef struct mortise_authenticate {
  uint32_t size;
  uint32_t reserved;

  // Judges a CONNECT by user name, password or address. Takes PASS, ALLOW, DENY, FALLBACK and PENDING. All
  // passed: refused, unless the listener admits anonymous clients and the CONNECT has no user name.
  // DENY: CONNACK with verdict.reason_code (0 = 0x86 Bad User Name or Password), then closed. Answer in the
  // same time for an unknown user and a wrong password. Fallback: deny. [hook]
  mortise_answer_t (*connect)(void* self, mortise_call_t* call, const mortise_connect_t* connect);

  // The end of a client_data that this instance gave with ALLOW and that was not 0: the connection is over,
  // or nobody was there to be let in by the answer. Called once for each, before stop(); may come on another
  // loop than connect(). What an answer() held that returned E_LATE was never given. [hook]
  void (*forget)(void* self, uint64_t client_data);
} mortise_authenticate_t;

#ifdef __cplusplus
}
#endif

#endif
