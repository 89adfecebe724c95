#include "json.h"

#include <string.h>

enum { DEPTH_MAX = 256 };

/* What is left to read. */
struct text {
  const uint8_t* at;
  const uint8_t* end;
};

static int peek(const struct text* text) { return text->at < text->end ? *text->at : -1; }

static void skip_space(struct text* text) {
  while (text->at < text->end &&
         (*text->at == ' ' || *text->at == '\t' || *text->at == '\n' || *text->at == '\r'))
    ++text->at;
}

static int take(struct text* text, const char* word) {
  const size_t size = strlen(word);
  if ((size_t)(text->end - text->at) < size || memcmp(text->at, word, size) != 0) return 0;
  text->at += size;
  return 1;
}

static int take_digits(struct text* text) {
  const uint8_t* begin = text->at;
  while (text->at < text->end && *text->at >= '0' && *text->at <= '9') ++text->at;
  return text->at > begin;
}

static int take_number(struct text* text) {
  take(text, "-");
  if (!take(text, "0") && !take_digits(text)) return 0;
  if (take(text, ".") && !take_digits(text)) return 0;
  if (take(text, "e") || take(text, "E")) {
    if (!take(text, "+")) take(text, "-");
    return take_digits(text);
  }
  return 1;
}

/* One character of more than one byte; neither overlong, nor a surrogate, nor above U+10FFFF. */
static int take_utf8(struct text* text) {
  const uint8_t* at = text->at;
  const size_t left = (size_t)(text->end - at);
  const size_t size = at[0] < 0xC2 ? 0 : at[0] < 0xE0 ? 2 : at[0] < 0xF0 ? 3 : at[0] < 0xF5 ? 4 : 0;
  size_t i;
  if (size == 0 || left < size) return 0;
  for (i = 1; i < size; ++i)
    if ((at[i] & 0xC0) != 0x80) return 0;
  if ((at[0] == 0xE0 && at[1] < 0xA0) || (at[0] == 0xED && at[1] > 0x9F) || (at[0] == 0xF0 && at[1] < 0x90) ||
      (at[0] == 0xF4 && at[1] > 0x8F))
    return 0;
  text->at += size;
  return 1;
}

static int take_escape(struct text* text) {
  int i;
  if (!take(text, "u")) {
    if (text->at == text->end || !strchr("\"\\/bfnrt", *text->at) || *text->at == 0) return 0;
    ++text->at;
    return 1;
  }
  for (i = 0; i < 4; ++i, ++text->at) {
    const int c = peek(text);
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))) return 0;
  }
  return 1;
}

static int take_string(struct text* text) {
  if (!take(text, "\"")) return 0;
  while (text->at < text->end) {
    const uint8_t c = *text->at;
    if (c < 0x20) return 0;
    if (c >= 0x80) {
      if (!take_utf8(text)) return 0;
      continue;
    }
    ++text->at;
    if (c == '"') return 1;
    if (c == '\\' && !take_escape(text)) return 0;
  }
  return 0;
}

static int take_scalar(struct text* text) {
  if (peek(text) == '"') return take_string(text);
  return take(text, "true") || take(text, "false") || take(text, "null") || take_number(text);
}

/* A key, its colon, and the space around them. */
static int take_key(struct text* text) {
  skip_space(text);
  if (!take_string(text)) return 0;
  skip_space(text);
  return take(text, ":");
}

/* Opens an object or array; 0: it is malformed or too deep. `*open` tells whether anything is in it. */
static int take_open(struct text* text, char* stack, size_t* depth, int* open) {
  const char closing = *text->at++ == '{' ? '}' : ']';
  skip_space(text);
  *open = peek(text) != closing;
  if (!*open) {
    ++text->at;
    return 1;
  }
  if (*depth == DEPTH_MAX) return 0;
  stack[(*depth)++] = closing;
  return closing == ']' || take_key(text);
}

/* After a value: closes what ends here. 1: another value follows; 0: the text is over; -1: malformed. */
static int take_rest(struct text* text, const char* stack, size_t* depth) {
  for (;;) {
    skip_space(text);
    if (*depth == 0) return text->at == text->end ? 0 : -1;
    if (take(text, ",")) return stack[*depth - 1] == ']' || take_key(text) ? 1 : -1;
    if (peek(text) != stack[*depth - 1]) return -1;
    ++text->at;
    --*depth;
  }
}

int json_is_valid(const uint8_t* bytes, size_t size) {
  struct text text = {bytes, bytes + size};
  char stack[DEPTH_MAX];
  size_t depth = 0;
  int more = 1;
  while (more > 0) {
    int c;
    skip_space(&text);
    c = peek(&text);
    if (c == '{' || c == '[') {
      int open = 0;
      if (!take_open(&text, stack, &depth, &open)) return 0;
      if (open) continue;
    } else if (!take_scalar(&text)) {
      return 0;
    }
    more = take_rest(&text, stack, &depth);
  }
  return more == 0;
}
