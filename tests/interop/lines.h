/* The words and message lines of tests/interop (interop.py has their rules) for programs on Paho's C library.
 * Fails: ends the program with a sentence on standard error. */
#ifndef MORTISE_TESTS_INTEROP_LINES_H
#define MORTISE_TESTS_INTEROP_LINES_H

#include <MQTTProperties.h>

/* What the program was started with. Strings live as long as argv; null: not given. */
typedef struct {
  const char* role;
  char uri[64];
  const char* id;
  int version;
  int clean;
  const char* ca;
  const char* certificate;
  const char* key;
  const char* topic;
  int qos;
  int identifier;
  int expiry;
  const char* will_topic;
  const char* will_payload;
  int will_qos;
} Words;

/* A message line. The strings and properties are its own: free_line(). */
typedef struct {
  char* topic;
  char* payload;
  int payload_size;
  int qos;
  int retain;
  MQTTProperties properties;
} Line;

Words read_words(int argc, char** argv);

/* 0 when the input has ended. */
int read_line(Line* line);
void free_line(Line* line);

/* Prints a message line; one thread at a time. Without a terminating zero: topic_size counts. */
void print_message(const char* topic, int topic_size, const void* payload, int payload_size, int qos,
                   int retain, const MQTTProperties* properties);

/* Prints that SUBACK came; 3.1 knows no session present flag, and -1 is: the library does not tell. */
void print_subscribed(const Words* words, int granted, int present);

/* Reads standard input to its end: the test wants DISCONNECT now. */
void wait_for_the_end(void);

/* Ends the program when the code is not the expected one. */
void expect(int code, int expected, const char* what);

#endif
