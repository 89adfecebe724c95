/* Whether some bytes are a JSON text.
 *
 * Thread: any, several at once.   Cost: one pass, no allocation.
 * Source: RFC 8259; UTF-8 is checked, and nesting deeper than 256 is refused, which the RFC allows. */
#ifndef JSON_ONLY_JSON_H
#define JSON_ONLY_JSON_H

#include <stddef.h>
#include <stdint.h>

/* 1 if `text` is exactly one JSON value, else 0. */
int json_is_valid(const uint8_t* text, size_t size);

#endif
