/* The smallest authoriser: no opinion about any PUBLISH. What is left of a call's cost is the host's. */
#include "mortise/plugin.h"

static const mortise_host_t* host;

static mortise_status_t create(const mortise_host_t* of, void** self) {
  host = of;
  *self = &host;
  return MORTISE_OK;
}

static mortise_answer_t start(void* self, mortise_call_t* call, const mortise_report_t* report) {
  (void)self, (void)call, (void)report;
  const uint16_t kind = MORTISE_PUBLISH;
  const mortise_attach_t how = {
      .size = sizeof how, .kinds = &kind, .kind_count = 1, .fallback = MORTISE_FALLBACK};
  const void* table = NULL;
  mortise_hook_t hook;
  if (host->service(host, MORTISE_HOST_HOOKS, &table) != MORTISE_OK) return MORTISE_DENY;
  const mortise_hooks_t* hooks = table;
  if (hooks->attach(host, MORTISE_AUTHORISE, &how, &hook) != MORTISE_OK) return MORTISE_DENY;
  return hooks->attach(host, MORTISE_INTERCEPT, NULL, &hook) == MORTISE_OK ? MORTISE_ALLOW : MORTISE_DENY;
}

static void end(void* self) { (void)self; }

static mortise_answer_t check(void* self, mortise_call_t* call, const mortise_access_t* access) {
  (void)self, (void)call, (void)access;
  return MORTISE_PASS;
}

static mortise_answer_t publish(void* self, mortise_call_t* call, const mortise_client_view_t* client,
                                const mortise_message_view_t* message) {
  (void)self, (void)call, (void)client, (void)message;
  return MORTISE_PASS;
}

static const mortise_plugin_t life = {
    .size = sizeof life, .create = create, .start = start, .stop = end, .destroy = end};
static const mortise_authorise_t authorise = {.size = sizeof authorise, .check = check};
static const mortise_intercept_t intercept = {.size = sizeof intercept, .publish = publish};
static const mortise_extension_t extensions[] = {{MORTISE_AUTHORISE, &authorise},
                                                 {MORTISE_INTERCEPT, &intercept}};
static const mortise_descriptor_t descriptor = {
    .size = sizeof descriptor, .id = "org.mortise.test.passing", .version = "1.0.0"};

const mortise_plugin_entry_t mortise_plugin_entry = {.magic = MORTISE_MAGIC,
                                                     .size = sizeof mortise_plugin_entry,
                                                     .abi_major = MORTISE_ABI_MAJOR,
                                                     .abi_minor = MORTISE_NEEDS_MINOR,
                                                     .descriptor = &descriptor,
                                                     .plugin = &life,
                                                     .extensions = extensions,
                                                     .extension_count = 2};
