/* A plugin whose verbs take their time, or answer with nonsense: what a broker has to live with. */
#define _POSIX_C_SOURCE 200809L /* nanosleep */
#include <mortise/plugin.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct patient {
  const mortise_host_t* host;
  const mortise_config_t* config;
};

enum { NEVER, HOLD, NONSENSE, REFUSE };

static mortise_str_t text(const char* literal) {
  mortise_str_t out;
  out.data = literal;
  out.size = strlen(literal);
  return out;
}

static mortise_status_t create(const mortise_host_t* host, void** self) {
  const void* config = NULL;
  struct patient* me = calloc(1, sizeof *me);
  if (!me) return MORTISE_E_MEMORY;
  if (host->service(host, MORTISE_HOST_CONFIG, &config) != MORTISE_OK) {
    free(me);
    return MORTISE_E_UNKNOWN;
  }
  me->host = host;
  me->config = config;
  *self = me;
  return MORTISE_OK;
}

static mortise_answer_t start(void* self, mortise_call_t* call, const mortise_report_t* report) {
  (void)self, (void)call, (void)report;
  return MORTISE_ALLOW;
}

static void hold(int64_t ms) {
  struct timespec span;
  span.tv_sec = (time_t)(ms / 1000);
  span.tv_nsec = (long)(ms % 1000) * 1000000;
  nanosleep(&span, NULL);
}

static mortise_answer_t run(void* self, mortise_call_t* call, const mortise_request_t* request) {
  struct patient* me = self;
  mortise_verdict_t verdict = {0};
  mortise_token_t token;
  int64_t ms = 0;
  verdict.size = sizeof verdict;
  switch (request->command) {
    case NEVER: return me->host->defer(call, 0, &token) == MORTISE_OK ? MORTISE_PENDING : MORTISE_FALLBACK;
    case HOLD:
      if (me->config->integer(me->config->at(request->arguments, "/ms"), &ms) != MORTISE_OK)
        return MORTISE_FALLBACK;
      hold(ms);
      return MORTISE_ALLOW;
    case NONSENSE:
      verdict.data.data = (const uint8_t*)"{\"half\":";
      verdict.data.size = 8;
      return me->host->reply(call, MORTISE_ALLOW, &verdict);
    default:
      verdict.reason_string = text("not today");
      verdict.remedy = text("come tomorrow");
      return me->host->reply(call, MORTISE_DENY, &verdict);
  }
}

static void stop(void* self) { (void)self; }

static const mortise_plugin_t life = {sizeof life, 0, create, NULL, start, NULL, stop, free, NULL};
static const mortise_command_t commands[] = {
    {"never", "never answers", NULL},
    {"hold", "holds its strand",
     "{\"type\": \"object\", \"additionalProperties\": false, \"properties\": {"
     "\"ms\": {\"type\": \"integer\", \"minimum\": 0, \"maximum\": 10000, \"default\": 100}}}"},
    {"nonsense", "answers with half a document", NULL},
    {"refuse", "refuses", NULL}};
static const mortise_control_t control = {sizeof control, 0, commands, sizeof commands / sizeof commands[0],
                                          run};
static const mortise_extension_t extensions[] = {{MORTISE_CONTROL, &control}};
static const mortise_descriptor_t about = {
    sizeof about, 0, "org.mortise.test.patient", "1.0.0", NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0};

const mortise_plugin_entry_t mortise_plugin_entry = {MORTISE_MAGIC,
                                                     sizeof mortise_plugin_entry,
                                                     MORTISE_ABI_MAJOR,
                                                     MORTISE_NEEDS_MINOR,
                                                     0,
                                                     &about,
                                                     &life,
                                                     extensions,
                                                     1};
