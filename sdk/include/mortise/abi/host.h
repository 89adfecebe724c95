// What every instance is given at create(): its name, its folders, the way to services, and answers.
//
// Owns: the host, one per instance, valid until destroy() has returned. After stop() every function returns
//       MORTISE_E_STATE and does nothing.
#ifndef MORTISE_ABI_HOST_H
#define MORTISE_ABI_HOST_H

#include "mortise/abi/answer.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mortise_host {
  uint32_t size;
  uint16_t abi_major;  // of the host
  uint16_t abi_minor;
  void* context;             // the host's
  mortise_str_t instance;    // `name:` of this plugin entry in the YAML
  mortise_str_t config_dir;  // absolute folder of the YAML file: where relative paths in it begin
  mortise_str_t state_dir;   // absolute folder for what the broker keeps; exists and is writable

  // Finds the table of a host service by id, such as MORTISE_HOST_LOG, and writes it to `*table`; it stays
  // valid until destroy() has returned. E_UNKNOWN: this host has no such service. E_NOT_GRANTED: name it in
  // the descriptor's wants, and in the operator's grants. E_STATE: before start() only config, log and time
  // are open. [any]
  mortise_status_t (*service)(const mortise_host_t* host, const char* id, const void** table);

  // Answers the call in hand with details; write `return host->reply(call, answer, &verdict);`.
  // The verdict is copied. Returns MORTISE_REPLIED. [call]
  mortise_answer_t (*reply)(mortise_call_t* call, mortise_answer_t answer, const mortise_verdict_t* verdict);

  // Takes a token for the call in hand; then return MORTISE_PENDING. The packet is parked and this client's
  // later packets wait behind it; nobody else does. The inputs still die with the call: copy or ref() first.
  // `deadline_ms` 0 = the operator's deadline; a shorter wish counts, a longer one does not.
  // E_LIMIT: too many open tokens, answer now. E_STATE: this call cannot wait. E_LATE: nobody waits for this
  // call any more, answer anything; a strand may be that far behind. A token without PENDING is void, PENDING
  // without a token is a fault. [call]
  mortise_status_t (*defer)(mortise_call_t* call, uint32_t deadline_ms, mortise_token_t* token);

  // Answers a token, at most once, also before the hook has returned PENDING. `verdict` may be NULL and is
  // copied. E_LATE: answered, expired or cancelled before; counted and harmless, for a client long gone too.
  // Never blocks. [any]
  mortise_status_t (*answer)(const mortise_host_t* host, mortise_token_t token, mortise_answer_t answer,
                             const mortise_verdict_t* verdict);

  // Counts a fault of this instance and logs it, repeated ones seldom. `where` is the function that failed,
  // such as "authenticate.connect". For what a plugin caught at its own border: an exception, a panic. Does
  // not answer anything. [any]
  void (*fault)(const mortise_host_t* host, mortise_str_t where, mortise_str_t text);
};

#ifdef __cplusplus
}
#endif

#endif
