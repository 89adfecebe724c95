/* Paho's C library, the API that calls back (MQTTAsync). interop.py has the rules for this program.
 * Thread: the library's threads call on_…; main waits for what they count. */
#include <MQTTAsync.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lines.h"

enum { patience_s = 60, messages_max = 10000 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int done = 0;   /* calls that succeeded */
static int code = 0;   /* what the last of them brought: session present, QoS granted */
static int failed = 0; /* the first failure */

static void finish(int result, int failure) {
  pthread_mutex_lock(&mutex);
  ++done;
  code = result;
  if (failure && !failed) failed = failure;
  pthread_cond_signal(&changed);
  pthread_mutex_unlock(&mutex);
}

/* Until `count` calls are done since the program began. */
static int wait_for(int count, const char* what) {
  struct timespec end;
  clock_gettime(CLOCK_REALTIME, &end);
  end.tv_sec += patience_s;
  pthread_mutex_lock(&mutex);
  int late = 0;
  while (done < count && !failed && !late) late = pthread_cond_timedwait(&changed, &mutex, &end);
  const int result = code, failure = failed;
  pthread_mutex_unlock(&mutex);
  expect(late, 0, what);
  expect(failure, 0, what);
  return result;
}

static void on_connected(void* five, MQTTAsync_successData* data) {
  (void)five;
  finish(data->alt.connect.sessionPresent, 0);
}
static void on_connected5(void* five, MQTTAsync_successData5* data) {
  (void)five;
  finish(data->alt.connect.sessionPresent, 0);
}
static void on_subscribed(void* none, MQTTAsync_successData* data) {
  (void)none;
  finish(data->alt.qos, 0);
}
static void on_subscribed5(void* none, MQTTAsync_successData5* data) {
  (void)none;
  finish((int)data->reasonCode, 0);
}
static void on_done(void* none, MQTTAsync_successData* data) {
  (void)none, (void)data;
  finish(0, 0);
}
static void on_done5(void* none, MQTTAsync_successData5* data) {
  (void)none, (void)data;
  finish(0, 0);
}
static void on_failure(void* none, MQTTAsync_failureData* data) {
  (void)none;
  finish(0, data && data->code ? data->code : -1);
}
static void on_failure5(void* none, MQTTAsync_failureData5* data) {
  (void)none;
  finish(0, data && data->code ? data->code : data ? (int)data->reasonCode : -1);
}

static int on_message(void* none, char* topic, int topic_size, MQTTAsync_message* message) {
  (void)none;
  print_message(topic, topic_size ? topic_size : (int)strlen(topic), message->payload, message->payloadlen,
                message->qos, message->retained, &message->properties);
  MQTTAsync_freeMessage(&message);
  MQTTAsync_free(topic);
  return 1;
}

static int is_five(const Words* words) { return words->version == MQTTVERSION_5; }

static int connect_now(MQTTAsync client, const Words* words) {
  MQTTAsync_connectOptions plain = MQTTAsync_connectOptions_initializer;
  MQTTAsync_connectOptions five = MQTTAsync_connectOptions_initializer5;
  MQTTAsync_connectOptions options = is_five(words) ? five : plain;
  MQTTAsync_SSLOptions tls = MQTTAsync_SSLOptions_initializer;
  MQTTAsync_willOptions will = MQTTAsync_willOptions_initializer;
  MQTTProperties properties = MQTTProperties_initializer;
  options.MQTTVersion = words->version;
  options.maxInflight = messages_max;
  if (words->ca) {
    tls.trustStore = words->ca;
    tls.keyStore = words->certificate;
    tls.privateKey = words->key;
    tls.verify = 1;
    options.ssl = &tls;
  }
  if (words->will_topic) {
    will.topicName = words->will_topic;
    will.message = words->will_payload;
    will.qos = words->will_qos;
    options.will = &will;
  }
  if (is_five(words)) {
    MQTTProperty expiry = {.identifier = MQTTPROPERTY_CODE_SESSION_EXPIRY_INTERVAL};
    expiry.value.integer4 = (unsigned)words->expiry;
    MQTTProperties_add(&properties, &expiry);
    options.cleanstart = words->clean;
    options.connectProperties = &properties;
    options.onSuccess5 = on_connected5;
    options.onFailure5 = on_failure5;
  } else {
    options.cleansession = words->clean;
    options.onSuccess = on_connected;
    options.onFailure = on_failure;
  }
  expect(MQTTAsync_connect(client, &options), MQTTASYNC_SUCCESS, "MQTTAsync_connect");
  const int present = wait_for(1, "CONNACK");
  MQTTProperties_free(&properties);
  return present;
}

static MQTTAsync_responseOptions response(const Words* words, MQTTAsync_onSuccess* plain,
                                          MQTTAsync_onSuccess5* five) {
  MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
  if (is_five(words)) {
    options.onSuccess5 = five;
    options.onFailure5 = on_failure5;
  } else {
    options.onSuccess = plain;
    options.onFailure = on_failure;
  }
  return options;
}

static int subscribe_now(MQTTAsync client, const Words* words) {
  MQTTAsync_responseOptions options = response(words, on_subscribed, on_subscribed5);
  if (words->identifier) {
    MQTTProperty identifier = {.identifier = MQTTPROPERTY_CODE_SUBSCRIPTION_IDENTIFIER};
    identifier.value.integer4 = (unsigned)words->identifier;
    MQTTProperties_add(&options.properties, &identifier);
  }
  expect(MQTTAsync_subscribe(client, words->topic, words->qos, &options), MQTTASYNC_SUCCESS,
         "MQTTAsync_subscribe");
  const int granted = wait_for(2, "SUBACK");
  MQTTProperties_free(&options.properties);
  return granted;
}

static int publish_all(MQTTAsync client, const Words* words) {
  int count = 1; /* the connection */
  for (Line line; read_line(&line); free_line(&line), ++count) {
    MQTTAsync_message message = MQTTAsync_message_initializer;
    MQTTAsync_responseOptions options = response(words, on_done, on_done5);
    message.payload = line.payload;
    message.payloadlen = line.payload_size;
    message.qos = line.qos;
    message.retained = line.retain;
    message.properties = line.properties;
    expect(MQTTAsync_sendMessage(client, line.topic, &message, &options), MQTTASYNC_SUCCESS,
           "MQTTAsync_sendMessage");
  }
  wait_for(count, "the acknowledgements");
  return count;
}

int main(int argc, char** argv) {
  const Words words = read_words(argc, argv);
  MQTTAsync client = 0;
  MQTTAsync_createOptions options = MQTTAsync_createOptions_initializer;
  options.MQTTVersion = words.version;
  options.maxBufferedMessages = messages_max;
  expect(MQTTAsync_createWithOptions(&client, words.uri, words.id, MQTTCLIENT_PERSISTENCE_NONE, 0, &options),
         MQTTASYNC_SUCCESS, "MQTTAsync_createWithOptions");
  MQTTAsync_setCallbacks(client, 0, 0, on_message, 0);
  const int present = connect_now(client, &words);
  int calls = 2;
  if (strcmp(words.role, "publish") == 0) {
    calls = publish_all(client, &words);
  } else {
    print_subscribed(&words, subscribe_now(client, &words), present);
    wait_for_the_end();
  }
  MQTTAsync_disconnectOptions end = MQTTAsync_disconnectOptions_initializer;
  MQTTAsync_disconnectOptions end5 = MQTTAsync_disconnectOptions_initializer5;
  end.onSuccess = on_done;
  end5.onSuccess5 = on_done5;
  expect(MQTTAsync_disconnect(client, is_five(&words) ? &end5 : &end), MQTTASYNC_SUCCESS,
         "MQTTAsync_disconnect");
  wait_for(calls + 1, "the end of the connection");
  MQTTAsync_destroy(&client);
  return 0;
}
