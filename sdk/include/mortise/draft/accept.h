// Hook "mortise.accept/1", draft: may this address connect at all?
//
// Grant: listing the table asks for it.  Attach: yes; filters, kinds and deadline are not used.
#ifndef MORTISE_DRAFT_ACCEPT_H
#define MORTISE_DRAFT_ACCEPT_H

#include "mortise/abi/answer.h"
#include "mortise/abi/view.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MORTISE_ACCEPT "mortise.accept/1"

// Owns: the plugin; constant data.
typedef struct mortise_accept {
  uint32_t size;
  uint32_t reserved;

  // Judges a connection by where it comes from: once, when it has been accepted, or, behind a trusted proxy
  // that sends PROXY headers, when its header is read. TLS has not begun, so that `peer` has no identity and
  // no cipher. (An address in the HTTP headers of a WebSocket is read too late for this hook: it sees the
  // proxy's.) Takes
  //   PASS        ask the next; all passed: let in;
  //   ALLOW       let in, and ask nobody else;
  //   DENY        close without a word, count verdict.loss (a reason of the ledger service) as one
  //   connection;
  //               of the verdict `rule` is read, too, for the log;
  //   FALLBACK.
  // Cannot wait: defer() returns E_STATE, and an instance on the strand cannot attach. Whoever connects makes
  // it run, a flood too: decide from memory. Fallback: pass. [loop]
  mortise_answer_t (*accept)(void* self, mortise_call_t* call, const mortise_peer_t* peer);
} mortise_accept_t;

#ifdef __cplusplus
}
#endif

#endif
