#include "lines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fail(const char* what, const char* which) {
  fprintf(stderr, "%s: %s\n", what, which);
  exit(1);
}

void expect(int code, int expected, const char* what) {
  if (code == expected) return;
  fprintf(stderr, "%s: %d, expected %d\n", what, code, expected);
  exit(1);
}

Words read_words(int argc, char** argv) {
  Words words = {0};
  const char* port = "";
  const char* path = 0;
  for (int i = 1; i < argc; ++i) {
    char* value = strchr(argv[i], '=');
    if (!value) fail("a word without '='", argv[i]);
    *value++ = '\0';
    const struct {
      const char* name;
      const char** text;
      int* number;
    } known[] = {{"role", &words.role, 0},
                 {"port", &port, 0},
                 {"path", &path, 0},
                 {"id", &words.id, 0},
                 {"version", 0, &words.version},
                 {"clean", 0, &words.clean},
                 {"ca", &words.ca, 0},
                 {"certificate", &words.certificate, 0},
                 {"key", &words.key, 0},
                 {"topic", &words.topic, 0},
                 {"qos", 0, &words.qos},
                 {"identifier", 0, &words.identifier},
                 {"expiry", 0, &words.expiry},
                 {"will_topic", &words.will_topic, 0},
                 {"will_payload", &words.will_payload, 0},
                 {"will_qos", 0, &words.will_qos}};
    const size_t count = sizeof known / sizeof known[0];
    size_t at = 0;
    while (at < count && strcmp(known[at].name, argv[i]) != 0) ++at;
    if (at == count) fail("an unknown word", argv[i]);
    if (known[at].text)
      *known[at].text = value;
    else
      *known[at].number = atoi(value);
  }
  if (!words.role || !words.id) fail("a word is missing", "role and id are needed");
  const char* scheme = path ? (words.ca ? "wss" : "ws") : words.ca ? "ssl" : "tcp";
  snprintf(words.uri, sizeof words.uri, "%s://127.0.0.1:%s%s", scheme, port, path ? path : "");
  return words;
}

static int digit(char c) { return c <= '9' ? c - '0' : c - 'a' + 10; }

/* Its bytes, with a zero after them. The caller frees. */
static MQTTLenString unhex(const char* hex, size_t digits) {
  MQTTLenString out = {(int)(digits / 2), malloc(digits / 2 + 1)};
  if (!out.data) fail("no memory", "for a message line");
  for (int i = 0; i < out.len; ++i) out.data[i] = (char)(digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]));
  out.data[out.len] = '\0';
  return out;
}

static void add_text(MQTTProperties* properties, enum MQTTPropertyCodes code, const char* word) {
  MQTTProperty property = {.identifier = code};
  const char* colon = strchr(word, ':');
  property.value.data = unhex(word, colon ? (size_t)(colon - word) : strlen(word));
  if (colon) property.value.value = unhex(colon + 1, strlen(colon + 1));
  expect(MQTTProperties_add(properties, &property), 0, "MQTTProperties_add"); /* copies */
  free(property.value.data.data);
  if (colon) free(property.value.value.data);
}

static void add_number(MQTTProperties* properties, enum MQTTPropertyCodes code, const char* word) {
  MQTTProperty property = {.identifier = code};
  if (code == MQTTPROPERTY_CODE_PAYLOAD_FORMAT_INDICATOR)
    property.value.byte = (unsigned char)atoi(word);
  else
    property.value.integer4 = (unsigned)atoi(word);
  expect(MQTTProperties_add(properties, &property), 0, "MQTTProperties_add");
}

static const struct {
  const char* name;
  enum MQTTPropertyCodes code;
} names[] = {{"type", MQTTPROPERTY_CODE_CONTENT_TYPE},
             {"response", MQTTPROPERTY_CODE_RESPONSE_TOPIC},
             {"correlation", MQTTPROPERTY_CODE_CORRELATION_DATA},
             {"user", MQTTPROPERTY_CODE_USER_PROPERTY},
             {"expiry", MQTTPROPERTY_CODE_MESSAGE_EXPIRY_INTERVAL},
             {"format", MQTTPROPERTY_CODE_PAYLOAD_FORMAT_INDICATOR},
             {"identifier", MQTTPROPERTY_CODE_SUBSCRIPTION_IDENTIFIER}};
enum { names_count = sizeof names / sizeof names[0], first_number = 4 };

static void read_field(Line* line, const char* name, const char* value) {
  if (strcmp(name, "topic") == 0) {
    line->topic = unhex(value, strlen(value)).data;
  } else if (strcmp(name, "payload") == 0) {
    const MQTTLenString payload = unhex(value, strlen(value));
    line->payload = payload.data;
    line->payload_size = payload.len;
  } else if (strcmp(name, "qos") == 0) {
    line->qos = atoi(value);
  } else if (strcmp(name, "retain") == 0) {
    line->retain = atoi(value);
  } else {
    int at = 0;
    while (at < names_count && strcmp(names[at].name, name) != 0) ++at;
    if (at == names_count) fail("an unknown field", name);
    (at < first_number ? add_text : add_number)(&line->properties, names[at].code, value);
  }
}

int read_line(Line* line) {
  static char* text = 0;
  static size_t room = 0;
  const ssize_t size = getline(&text, &room, stdin);
  if (size <= 0) return 0;
  text[size - 1] = '\0';
  memset(line, 0, sizeof *line);
  char* next = text;
  strsep(&next, " "); /* "message" */
  for (char* field; (field = strsep(&next, " "));) {
    char* value = strchr(field, '=');
    if (!value) fail("a field without '='", field);
    *value++ = '\0';
    read_field(line, field, value);
  }
  return 1;
}

void free_line(Line* line) {
  free(line->topic);
  free(line->payload);
  MQTTProperties_free(&line->properties);
}

static void print_hex(const void* data, int size) {
  for (int i = 0; i < size; ++i) printf("%02x", ((const unsigned char*)data)[i]);
}

static void print_property(const MQTTProperty* property) {
  int at = 0;
  while (at < names_count && names[at].code != property->identifier) ++at;
  if (at == names_count) return; /* a topic alias, say: no application's business */
  printf(" %s=", names[at].name);
  if (property->identifier == MQTTPROPERTY_CODE_PAYLOAD_FORMAT_INDICATOR)
    printf("%d", property->value.byte);
  else if (at >= first_number)
    printf("%u", property->value.integer4);
  else
    print_hex(property->value.data.data, property->value.data.len);
  if (property->identifier == MQTTPROPERTY_CODE_USER_PROPERTY) {
    putchar(':');
    print_hex(property->value.value.data, property->value.value.len);
  }
}

void print_message(const char* topic, int topic_size, const void* payload, int payload_size, int qos,
                   int retain, const MQTTProperties* properties) {
  printf("message topic=");
  print_hex(topic, topic_size);
  printf(" payload=");
  print_hex(payload, payload_size);
  printf(" qos=%d retain=%d", qos, retain);
  for (int i = 0; i < properties->count; ++i) print_property(&properties->array[i]);
  putchar('\n');
  fflush(stdout);
}

void print_subscribed(const Words* words, int granted, int present) {
  printf("subscribed granted=%d", granted);
  if (words->version > 3 && present >= 0) printf(" present=%d", present);
  putchar('\n');
  fflush(stdout);
}

void wait_for_the_end(void) {
  while (getchar() != EOF) continue;
}
