// Hook "mortise.psk/1", draft: the key of a TLS client that has no certificate (a pre-shared key, PSK).
//
// Grant: listing the table asks for it.  Attach: yes; filters, kinds, deadline and fallback are not used.
// Source: RFC 4279 and RFC 5487 (TLS 1.2), RFC 8446 section 4.2.11 (TLS 1.3), RFC 9257 (how to choose keys).
#ifndef MORTISE_DRAFT_PSK_H
#define MORTISE_DRAFT_PSK_H

#include "mortise/abi/answer.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MORTISE_PSK "mortise.psk/1"

// The most bytes an identity and a key may have.
#define MORTISE_PSK_IDENTITY_MAX 256
#define MORTISE_PSK_KEY_MAX 256

// Whose key is asked for. Nothing in it is proven yet: anybody can name any identity.
// Owns: the host, until the hook returns.
typedef struct mortise_psk_query {
  uint32_t size;
  uint32_t reserved;
  mortise_str_t identity;  // 1 to MORTISE_PSK_IDENTITY_MAX bytes of UTF-8 without U+0000
  mortise_str_t listener;  // its name in the YAML
} mortise_psk_query_t;

// Where the key is written. The host overwrites it when the handshake has taken it. Frozen.
// Owns: the host; the plugin fills it and keeps no pointer into it.
typedef struct mortise_psk_key {
  uint32_t size;  // bytes of the key, 1 to MORTISE_PSK_KEY_MAX; 0 when the hook is called
  uint8_t bytes[MORTISE_PSK_KEY_MAX];  // the key itself, not its hexadecimal digits
} mortise_psk_key_t;

// Owns: the plugin; constant data.
typedef struct mortise_psk {
  uint32_t size;
  uint32_t reserved;

  // Finds a key, from memory and at once: OpenSSL asks in the middle of a handshake and cannot wait. So there
  // is no PENDING, and an instance on the strand cannot attach. Takes PASS (not my identity: ask the next),
  // ALLOW (the key is in `key`), DENY (this identity is not let in, and nobody else is asked) and FALLBACK
  // (cannot tell: like DENY, there is no other fallback), each also by reply(), of whose verdict only `rule`
  // is read, for the log line of a refusal. Anything else, ALLOW with a `size` out of bounds and what a hook
  // throws are faults and refuse the identity. All passed: the identity is unknown. What is unknown or
  // refused goes through the handshake with a key nobody has, so that the client sees what it would see with
  // a wrong key; the log says why. Asked again when a client resumes a session: one whose identity or key is
  // another one now makes a whole handshake. [loop]
  mortise_answer_t (*find)(void* self, mortise_call_t* call, const mortise_psk_query_t* asked,
                           mortise_psk_key_t* key);
} mortise_psk_t;

#ifdef __cplusplus
}
#endif

#endif
