/* json-only: drops messages whose payload is not valid JSON, on the topics the operator names.
 *
 * Thread: publish() on the broker's loops, several at once; nothing changes after start(). */
#include <mortise/plugin.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"

struct json_only {
  const mortise_host_t* host;
  const mortise_config_t* config;
  const mortise_node_t* filters; /* lives as long as the instance's settings: until destroy() */
  uint8_t allow_empty;
  uint32_t not_json; /* the ledger's reason */
};

static mortise_str_t text(const char* literal) {
  mortise_str_t out;
  out.data = literal;
  out.size = strlen(literal);
  return out;
}

static void complain(const mortise_report_t* report, const char* what) {
  mortise_finding_t found = {0};
  found.size = sizeof found;
  found.level = MORTISE_ERROR;
  found.text = text(what);
  report->add(report, &found);
}

static mortise_status_t create(const mortise_host_t* host, void** self) {
  const void* config = NULL;
  struct json_only* me = calloc(1, sizeof *me);
  if (!me) return MORTISE_E_MEMORY;
  me->host = host;
  if (host->service(host, MORTISE_HOST_CONFIG, &config) != MORTISE_OK) {
    free(me);
    return MORTISE_E_UNKNOWN;
  }
  me->config = config;
  *self = me;
  return MORTISE_OK;
}

/* The schema has seen to it that /filters is a list of texts, and not empty. */
static mortise_status_t configure(void* self, const mortise_node_t* config, const mortise_report_t* report) {
  struct json_only* me = self;
  const mortise_node_t* allow_empty;
  if (!config) {
    complain(report, "has no config: name the filters");
    return MORTISE_E_INVALID;
  }
  me->filters = me->config->at(config, "/filters");
  me->allow_empty = 1;
  allow_empty = me->config->at(config, "/allow_empty");
  if (allow_empty) me->config->boolean(allow_empty, &me->allow_empty);
  return MORTISE_OK;
}

static mortise_status_t attach(struct json_only* me, const mortise_hooks_t* hooks) {
  const size_t count = me->config->count(me->filters);
  mortise_str_t* filters = malloc(count * sizeof *filters);
  mortise_attach_t how = {0};
  mortise_hook_t hook;
  mortise_status_t status = MORTISE_OK;
  size_t i;
  if (!filters) return MORTISE_E_MEMORY;
  for (i = 0; i < count && status == MORTISE_OK; ++i)
    status = me->config->string(me->config->item(me->filters, i, NULL), &filters[i]);
  how.size = sizeof how;
  how.filters = filters;
  how.filter_count = count;
  how.fallback = MORTISE_FALLBACK;
  if (status == MORTISE_OK) status = hooks->attach(me->host, MORTISE_INTERCEPT, &how, &hook);
  free(filters);
  return status;
}

static mortise_answer_t start(void* self, mortise_call_t* call, const mortise_report_t* report) {
  struct json_only* me = self;
  const void* hooks = NULL;
  const void* ledger = NULL;
  (void)call;
  if (me->host->service(me->host, MORTISE_HOST_HOOKS, &hooks) != MORTISE_OK ||
      me->host->service(me->host, MORTISE_HOST_LEDGER, &ledger) != MORTISE_OK ||
      ((const mortise_ledger_t*)ledger)
              ->reason(me->host, "not_json", "the payload is not valid JSON", &me->not_json) != MORTISE_OK) {
    complain(report, "this broker offers no hooks or no ledger");
    return MORTISE_DENY;
  }
  if (attach(me, hooks) != MORTISE_OK) {
    complain(report, "cannot attach: is each of the filters a valid topic filter?");
    return MORTISE_DENY;
  }
  return MORTISE_ALLOW;
}

/* An empty payload clears a retained message, so it is let through unless the operator says otherwise. */
static mortise_answer_t publish(void* self, mortise_call_t* call, const mortise_client_view_t* client,
                                const mortise_message_view_t* message) {
  struct json_only* me = self;
  mortise_verdict_t verdict = {0};
  (void)client;
  if (message->payload.size == 0 && me->allow_empty) return MORTISE_PASS;
  if (json_is_valid(message->payload.data, message->payload.size)) return MORTISE_PASS;
  verdict.size = sizeof verdict;
  verdict.loss = me->not_json;
  verdict.rule = text("not valid JSON");
  return me->host->reply(call, MORTISE_DROP, &verdict);
}

/* `mortise ctl json check TEXT`: what would become of a payload. The schema has seen to it that /text is a
 * text. */
static mortise_answer_t run(void* self, mortise_call_t* call, const mortise_request_t* request) {
  static const char yes[] = "{\"valid\": true}";
  static const char no[] = "{\"valid\": false}";
  struct json_only* me = self;
  mortise_verdict_t verdict = {0};
  mortise_str_t asked = {0};
  int valid;
  verdict.size = sizeof verdict;
  if (me->config->string(me->config->at(request->arguments, "/text"), &asked) != MORTISE_OK) {
    verdict.reason_string = text("there is no text to look at");
    return me->host->reply(call, MORTISE_DENY, &verdict);
  }
  valid = json_is_valid((const uint8_t*)asked.data, asked.size);
  verdict.data.data = (const uint8_t*)(valid ? yes : no);
  verdict.data.size = valid ? sizeof yes - 1 : sizeof no - 1;
  return me->host->reply(call, MORTISE_ALLOW, &verdict);
}

static void stop(void* self) { (void)self; }

static const mortise_plugin_t life = {sizeof life, 0, create, configure, start, NULL, stop, free, NULL};
static const mortise_intercept_t intercept = {.size = sizeof intercept, .publish = publish};
static const mortise_command_t commands[] = {
    {"check", "whether a payload would be let through",
     "{\"type\": \"object\", \"additionalProperties\": false, \"required\": [\"text\"],"
     " \"properties\": {\"text\": {\"type\": \"string\", \"description\": \"the payload\"}}}"}};
static const mortise_control_t control = {sizeof control, 0, commands, sizeof commands / sizeof commands[0],
                                          run};
static const mortise_extension_t extensions[] = {{MORTISE_INTERCEPT, &intercept},
                                                 {MORTISE_CONTROL, &control}};

static const char schema[] =
    "{\"type\": \"object\", \"additionalProperties\": false, \"required\": [\"filters\"],"
    " \"properties\": {"
    "  \"filters\": {\"type\": \"array\", \"minItems\": 1, \"items\": {\"type\": \"string\", \"minLength\": "
    "1},"
    "   \"description\": \"topic filters; only messages on these topics are looked at\"},"
    "  \"allow_empty\": {\"type\": \"boolean\","
    "   \"description\": \"let an empty payload through, which clears a retained message; default true\"}}}";

static const mortise_descriptor_t about = {sizeof about,
                                           0,
                                           "org.example.json-only",
                                           "1.0.0",
                                           "json-only",
                                           NULL,
                                           "Apache-2.0",
                                           "drops what is not valid JSON",
                                           NULL,
                                           schema,
                                           NULL,
                                           0};

const mortise_plugin_entry_t mortise_plugin_entry = {MORTISE_MAGIC,
                                                     sizeof mortise_plugin_entry,
                                                     MORTISE_ABI_MAJOR,
                                                     MORTISE_NEEDS_MINOR,
                                                     0,
                                                     &about,
                                                     &life,
                                                     extensions,
                                                     sizeof extensions / sizeof extensions[0]};
