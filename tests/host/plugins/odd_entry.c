/* One library for each way an entry can be wrong; the build defines which. */
#include "mortise/draft/psk.h"
#include "mortise/plugin.h"

static int nothing;

static mortise_status_t create(const mortise_host_t* host, void** self) {
  (void)host;
  *self = &nothing;
  return MORTISE_OK;
}
#ifndef ODD_WITHOUT_START
static mortise_answer_t start(void* self, mortise_call_t* call, const mortise_report_t* report) {
  (void)self, (void)call, (void)report;
  return MORTISE_ALLOW;
}
#endif
static void end(void* self) { (void)self; }

static const mortise_plugin_t life = {.size = sizeof life,
                                      .create = create,
#ifndef ODD_WITHOUT_START
                                      .start = start,
#endif
                                      .stop = end,
                                      .destroy = end};

static const mortise_descriptor_t descriptor = {
    .size = sizeof descriptor,
    .id = "org.mortise.test.odd",
    .version = "1.0.0",
#ifdef ODD_SCHEMA
    .config_schema = "{\"type\": ",
#endif
#ifdef ODD_WANT
    .wants = (const mortise_want_t[]){{MORTISE_HOST_PUBLISH, "alerts/#", "raises alerts", 1, 0}},
    .want_count = 1
#endif
};

#ifdef ODD_TWICE
static const mortise_reload_t table = {.size = sizeof table};
static const mortise_extension_t extensions[] = {{MORTISE_RELOAD, &table}, {MORTISE_RELOAD, &table}};
#elif defined ODD_PSK_WITHOUT_FIND
static const mortise_psk_t table = {.size = sizeof table};
static const mortise_extension_t extensions[] = {{MORTISE_PSK, &table}};
#elif defined ODD_VERBS
static mortise_answer_t run(void* self, mortise_call_t* call, const mortise_request_t* request) {
  (void)self, (void)call, (void)request;
  return MORTISE_ALLOW;
}
static const mortise_command_t commands[] = {{"two words", "is no word", 0}};
static const mortise_control_t table = {sizeof table, 0, commands, 1, run};
static const mortise_extension_t extensions[] = {{MORTISE_CONTROL, &table}};
#elif defined ODD_SHORT_TABLE
static const mortise_authorise_t table = {.size = 8};
static const mortise_extension_t extensions[] = {{MORTISE_AUTHORISE, &table}};
#else
static const mortise_reload_t table = {.size = sizeof table};
static const mortise_extension_t extensions[] = {{"org.example.unheard-of/1", &table}};
#endif

#ifdef ODD_FUNCTION
/* A symbol of the right name that is code. */
MORTISE_EXPORT int mortise_plugin_entry_of_another_kind(void) __asm__("mortise_plugin_entry");
int mortise_plugin_entry_of_another_kind(void) {
  return descriptor.size + extensions[0].id[0] + life.size != 0;
}
#else

#ifdef ODD_UNDEFINED
extern int nobody_defines_this(void);
MORTISE_EXPORT int use_it(void);
int use_it(void) { return nobody_defines_this(); }
#endif

#ifdef ODD_NAME
#define ENTRY another_name
MORTISE_EXPORT extern const mortise_plugin_entry_t another_name;
#else
#define ENTRY mortise_plugin_entry
#endif

const mortise_plugin_entry_t ENTRY = {
#ifdef ODD_MAGIC
    .magic = 0x12345678,
#else
    .magic = MORTISE_MAGIC,
#endif
#ifdef ODD_SIZE
    .size = 16,
#else
    .size = sizeof(mortise_plugin_entry_t),
#endif
#ifdef ODD_MAJOR
    .abi_major = 2,
#else
    .abi_major = MORTISE_ABI_MAJOR,
#endif
#ifdef ODD_MINOR
    .abi_minor = 99,
#else
    .abi_minor = MORTISE_NEEDS_MINOR,
#endif
#ifdef ODD_NO_DESCRIPTOR
    .descriptor = 0,
#else
    .descriptor = &descriptor,
#endif
    .plugin = &life,
    .extensions = extensions,
#if defined ODD_TWICE || defined ODD_SHORT_TABLE || defined ODD_PSK_WITHOUT_FIND || defined ODD_VERBS
    .extension_count = sizeof extensions / sizeof extensions[0]
#else
    .extension_count = 0
#endif
};
#endif
