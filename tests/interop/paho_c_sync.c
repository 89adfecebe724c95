/* Paho's C library, the API that waits (MQTTClient). interop.py has the rules for this program. */
#include <MQTTClient.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lines.h"

enum { patience_ms = 60000, messages_max = 10000 };

static int on_message(void* context, char* topic, int topic_size, MQTTClient_message* message) {
  (void)context;
  print_message(topic, topic_size ? topic_size : (int)strlen(topic), message->payload, message->payloadlen,
                message->qos, message->retained, &message->properties);
  MQTTClient_freeMessage(&message);
  MQTTClient_free(topic);
  return 1;
}

static void on_lost(void* context, char* cause) {
  (void)context;
  printf("disconnected: %s\n", cause ? cause : "");
  fflush(stdout);
}

static int is_five(const Words* words) { return words->version == MQTTVERSION_5; }

/* Connects; whether the broker had a session, -1 in 5.0: connect5 of Paho 1.3.12 leaves `returned` as it was.
 */
static int connect_now(MQTTClient client, const Words* words) {
  MQTTClient_connectOptions plain = MQTTClient_connectOptions_initializer;
  MQTTClient_connectOptions five = MQTTClient_connectOptions_initializer5;
  MQTTClient_connectOptions options = is_five(words) ? five : plain;
  MQTTClient_SSLOptions tls = MQTTClient_SSLOptions_initializer;
  MQTTClient_willOptions will = MQTTClient_willOptions_initializer;
  MQTTProperties properties = MQTTProperties_initializer;
  options.MQTTVersion = words->version;
  options.maxInflightMessages = messages_max;
  if (is_five(words))
    options.cleanstart = words->clean;
  else
    options.cleansession = words->clean;
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
  if (!is_five(words)) {
    expect(MQTTClient_connect(client, &options), MQTTCLIENT_SUCCESS, "MQTTClient_connect");
  } else {
    MQTTProperty expiry = {.identifier = MQTTPROPERTY_CODE_SESSION_EXPIRY_INTERVAL};
    expiry.value.integer4 = (unsigned)words->expiry;
    MQTTProperties_add(&properties, &expiry);
    MQTTResponse response = MQTTClient_connect5(client, &options, &properties, 0);
    expect((int)response.reasonCode, MQTTREASONCODE_SUCCESS, "MQTTClient_connect5");
    MQTTResponse_free(response);
    MQTTProperties_free(&properties);
  }
  return is_five(words) ? -1 : options.returned.sessionPresent;
}

static int subscribe_now(MQTTClient client, const Words* words) {
  if (!is_five(words)) {
    int granted = words->qos;
    char* topics[] = {(char*)words->topic};
    expect(MQTTClient_subscribeMany(client, 1, topics, &granted), MQTTCLIENT_SUCCESS,
           "MQTTClient_subscribeMany");
    return granted;
  }
  MQTTSubscribe_options options = MQTTSubscribe_options_initializer;
  MQTTProperties properties = MQTTProperties_initializer;
  if (words->identifier) {
    MQTTProperty identifier = {.identifier = MQTTPROPERTY_CODE_SUBSCRIPTION_IDENTIFIER};
    identifier.value.integer4 = (unsigned)words->identifier;
    MQTTProperties_add(&properties, &identifier);
  }
  MQTTResponse response = MQTTClient_subscribe5(client, words->topic, words->qos, &options, &properties);
  const int granted = (int)response.reasonCode;
  MQTTResponse_free(response);
  MQTTProperties_free(&properties);
  return granted;
}

static MQTTClient_deliveryToken publish_one(MQTTClient client, const Words* words, const Line* line) {
  MQTTClient_message message = MQTTClient_message_initializer;
  MQTTClient_deliveryToken token = 0;
  message.payload = line->payload;
  message.payloadlen = line->payload_size;
  message.qos = line->qos;
  message.retained = line->retain;
  message.properties = line->properties;
  if (is_five(words)) {
    MQTTResponse response = MQTTClient_publishMessage5(client, line->topic, &message, &token);
    expect((int)response.reasonCode, MQTTREASONCODE_SUCCESS, "MQTTClient_publishMessage5");
    MQTTResponse_free(response);
  } else {
    expect(MQTTClient_publishMessage(client, line->topic, &message, &token), MQTTCLIENT_SUCCESS,
           "MQTTClient_publishMessage");
  }
  return token;
}

/* Waits at the end only: the library looks for an acknowledgement every 100 ms. */
static void publish_all(MQTTClient client, const Words* words) {
  static MQTTClient_deliveryToken unacknowledged[messages_max];
  int count = 0;
  for (Line line; read_line(&line); free_line(&line)) {
    expect(count < messages_max, 1, "room for the token of a message");
    const MQTTClient_deliveryToken token = publish_one(client, words, &line);
    if (line.qos > 0) unacknowledged[count++] = token;
  }
  for (int at = 0; at < count; ++at)
    expect(MQTTClient_waitForCompletion(client, unacknowledged[at], patience_ms), MQTTCLIENT_SUCCESS,
           "the acknowledgement");
}

int main(int argc, char** argv) {
  const Words words = read_words(argc, argv);
  MQTTClient client = 0;
  MQTTClient_createOptions options = MQTTClient_createOptions_initializer;
  options.MQTTVersion = words.version;
  expect(MQTTClient_createWithOptions(&client, words.uri, words.id, MQTTCLIENT_PERSISTENCE_NONE, 0, &options),
         MQTTCLIENT_SUCCESS, "MQTTClient_createWithOptions");
  MQTTClient_setCallbacks(client, 0, on_lost, on_message, 0);
  const int present = connect_now(client, &words);
  if (strcmp(words.role, "publish") == 0) {
    publish_all(client, &words);
  } else {
    print_subscribed(&words, subscribe_now(client, &words), present);
    wait_for_the_end();
  }
  expect(is_five(&words) ? MQTTClient_disconnect5(client, patience_ms, MQTTREASONCODE_SUCCESS, 0)
                         : MQTTClient_disconnect(client, patience_ms),
         MQTTCLIENT_SUCCESS, "MQTTClient_disconnect");
  MQTTClient_destroy(&client);
  return 0;
}
