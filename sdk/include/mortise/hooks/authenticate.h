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

// One step of an enhanced authentication (MQTT 5.0 section 4.12), such as SCRAM.
// Owns: the host, until the hook returns.
typedef struct mortise_exchange {
  uint32_t size;
  uint32_t reserved;
  mortise_str_t method;                 // Authentication Method, the same in every step
  mortise_bytes_t data;                 // what the client sent in this step; absent = nothing
  const mortise_connect_t* connect;     // while the client is not connected yet; the same in every step
  const mortise_client_view_t* client;  // when it is and authenticates anew; NULL before
} mortise_exchange_t;

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

  // A CONNECT with an authentication method, which connect() is not asked about, or an AUTH that follows it.
  // Takes PASS (not my method), ALLOW, DENY, CONTINUE, FALLBACK and PENDING. All passed: refused with 0x8C
  // Bad Authentication Method. CONTINUE sends verdict.authentication_data; the answer comes in the next call,
  // which asks every plugin again, so tell clients apart by `connect` or `client`. ALLOW's data goes to the
  // client, too, and its client_data takes the place of an earlier one. DENY of a client that is connected
  // ends the connection. Fallback: deny. [hook]
  mortise_answer_t (*exchange)(void* self, mortise_call_t* call, const mortise_exchange_t* exchange);
} mortise_authenticate_t;

#ifdef __cplusplus
}
#endif

#endif
