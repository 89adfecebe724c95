// The layout of every public struct, on machines with 64 and with 32 bit pointers. Compiled as C99 and as
// C++20, with -Wpadded as an error: a filler that is missing, or a field that moves, does not compile.
//
// A struct that grows changes its number here, at the end only; the numbers of frozen ones stay for ever.
#include <stddef.h>

#include "mortise/draft/accept.h"
#include "mortise/draft/psk.h"
#include "mortise/draft/store_service.h"
#include "mortise/plugin.h"

#define PASTE(a, b) a##b
#define NAMED(a, b) PASTE(a, b)
#define HOLDS(condition) typedef char NAMED(holds_, __LINE__)[(condition) ? 1 : -1]
#if UINTPTR_MAX > 0xffffffffu
#define LAYOUT_SIZE(type, lp64, ilp32) HOLDS(sizeof(type) == (lp64))
#define LAYOUT_FIELD(type, field, lp64, ilp32) HOLDS(offsetof(type, field) == (lp64))
#else
#define LAYOUT_SIZE(type, lp64, ilp32) HOLDS(sizeof(type) == (ilp32))
#define LAYOUT_FIELD(type, field, lp64, ilp32) HOLDS(offsetof(type, field) == (ilp32))
#endif

LAYOUT_SIZE(mortise_accept_t, 16, 12);
LAYOUT_SIZE(mortise_access_t, 48, 28);
LAYOUT_SIZE(mortise_attach_t, 48, 32);
LAYOUT_SIZE(mortise_authenticate_t, 32, 20);
LAYOUT_SIZE(mortise_exchange_t, 56, 32);
LAYOUT_SIZE(mortise_authorise_t, 16, 12);
LAYOUT_SIZE(mortise_batch_t, 48, 32);
LAYOUT_SIZE(mortise_bytes_t, 16, 8);
LAYOUT_SIZE(mortise_call_t, 32, 24);
LAYOUT_SIZE(mortise_client_info_t, 64, 56);
LAYOUT_SIZE(mortise_client_query_t, 64, 40);
LAYOUT_SIZE(mortise_client_t, 8, 8);
LAYOUT_SIZE(mortise_client_view_t, 80, 56);
LAYOUT_SIZE(mortise_clients_t, 40, 24);
LAYOUT_SIZE(mortise_command_t, 24, 12);
LAYOUT_SIZE(mortise_config_t, 88, 48);
LAYOUT_SIZE(mortise_connect_t, 112, 72);
LAYOUT_SIZE(mortise_control_t, 32, 20);
LAYOUT_SIZE(mortise_delivery_record_t, 48, 48);
LAYOUT_SIZE(mortise_delivery_t, 32, 20);
LAYOUT_SIZE(mortise_descriptor_t, 88, 48);
LAYOUT_SIZE(mortise_edit_t, 80, 48);
LAYOUT_SIZE(mortise_event_t, 48, 32);
LAYOUT_SIZE(mortise_extension_t, 16, 8);
LAYOUT_SIZE(mortise_field_t, 48, 32);
LAYOUT_SIZE(mortise_finding_t, 80, 48);
LAYOUT_SIZE(mortise_health_t, 200, 200);
LAYOUT_SIZE(mortise_hook_t, 8, 8);
LAYOUT_SIZE(mortise_hooks_t, 32, 20);
LAYOUT_SIZE(mortise_host_store_t, 48, 28);
LAYOUT_SIZE(mortise_host_t, 104, 56);
LAYOUT_SIZE(mortise_identity_t, 24, 16);
LAYOUT_SIZE(mortise_inline_clients_t, 80, 44);
LAYOUT_SIZE(mortise_inline_open_t, 120, 80);
LAYOUT_SIZE(mortise_inline_t, 8, 8);
LAYOUT_SIZE(mortise_intercept_t, 32, 20);
LAYOUT_SIZE(mortise_label_t, 32, 16);
LAYOUT_SIZE(mortise_ledger_t, 24, 16);
LAYOUT_SIZE(mortise_log_event_t, 88, 56);
LAYOUT_SIZE(mortise_log_sink_t, 24, 16);
LAYOUT_SIZE(mortise_log_t, 24, 16);
LAYOUT_SIZE(mortise_message_view_t, 120, 72);
LAYOUT_SIZE(mortise_messages_t, 56, 32);
LAYOUT_SIZE(mortise_metric_t, 8, 8);
LAYOUT_SIZE(mortise_metric_view_t, 120, 72);
LAYOUT_SIZE(mortise_metrics_t, 48, 28);
LAYOUT_SIZE(mortise_observe_t, 16, 12);
LAYOUT_SIZE(mortise_peer_t, 72, 40);
LAYOUT_SIZE(mortise_plugin_entry_t, 48, 32);
LAYOUT_SIZE(mortise_plugin_t, 64, 36);
LAYOUT_SIZE(mortise_property_t, 40, 24);
LAYOUT_SIZE(mortise_psk_key_t, 260, 260);
LAYOUT_SIZE(mortise_psk_query_t, 40, 24);
LAYOUT_SIZE(mortise_psk_t, 16, 12);
LAYOUT_SIZE(mortise_publish_t, 24, 16);
LAYOUT_SIZE(mortise_publisher_t, 16, 12);
LAYOUT_SIZE(mortise_read_t, 32, 24);
LAYOUT_SIZE(mortise_record_t, 120, 88);
LAYOUT_SIZE(mortise_reload_t, 32, 20);
LAYOUT_SIZE(mortise_report_t, 24, 16);
LAYOUT_SIZE(mortise_request_t, 32, 20);
LAYOUT_SIZE(mortise_set_aside_t, 56, 32);
LAYOUT_SIZE(mortise_store_t, 40, 24);
LAYOUT_SIZE(mortise_str_t, 16, 8);
LAYOUT_SIZE(mortise_subscription_t, 48, 32);
LAYOUT_SIZE(mortise_time_t, 40, 24);
LAYOUT_SIZE(mortise_timer_t, 8, 8);
LAYOUT_SIZE(mortise_token_t, 8, 8);
LAYOUT_SIZE(mortise_verdict_t, 152, 88);
LAYOUT_SIZE(mortise_want_t, 32, 20);
LAYOUT_SIZE(mortise_work_t, 24, 16);

// Field by field: the frozen structs, and those two sides fill in bulk.
LAYOUT_FIELD(mortise_str_t, data, 0, 0);
LAYOUT_FIELD(mortise_str_t, size, 8, 4);
LAYOUT_FIELD(mortise_bytes_t, data, 0, 0);
LAYOUT_FIELD(mortise_bytes_t, size, 8, 4);
LAYOUT_FIELD(mortise_property_t, id, 0, 0);
LAYOUT_FIELD(mortise_property_t, type, 1, 1);
LAYOUT_FIELD(mortise_property_t, number, 4, 4);
LAYOUT_FIELD(mortise_property_t, value, 8, 8);
LAYOUT_FIELD(mortise_property_t, name, 24, 16);
LAYOUT_FIELD(mortise_psk_key_t, size, 0, 0);
LAYOUT_FIELD(mortise_psk_key_t, bytes, 4, 4);
LAYOUT_FIELD(mortise_want_t, id, 0, 0);
LAYOUT_FIELD(mortise_want_t, scope, 8, 4);
LAYOUT_FIELD(mortise_want_t, why, 16, 8);
LAYOUT_FIELD(mortise_want_t, required, 24, 12);
LAYOUT_FIELD(mortise_command_t, verb, 0, 0);
LAYOUT_FIELD(mortise_command_t, summary, 8, 4);
LAYOUT_FIELD(mortise_command_t, arguments_schema, 16, 8);
LAYOUT_FIELD(mortise_extension_t, id, 0, 0);
LAYOUT_FIELD(mortise_extension_t, table, 8, 4);
LAYOUT_FIELD(mortise_inline_t, id, 0, 0);
LAYOUT_FIELD(mortise_metric_t, id, 0, 0);
LAYOUT_FIELD(mortise_label_t, name, 0, 0);
LAYOUT_FIELD(mortise_label_t, value, 16, 8);
LAYOUT_FIELD(mortise_field_t, key, 0, 0);
LAYOUT_FIELD(mortise_field_t, type, 16, 8);
LAYOUT_FIELD(mortise_field_t, number, 24, 16);
LAYOUT_FIELD(mortise_field_t, text, 32, 24);
LAYOUT_FIELD(mortise_delivery_record_t, number, 0, 0);
LAYOUT_FIELD(mortise_delivery_record_t, message, 8, 8);
LAYOUT_FIELD(mortise_delivery_record_t, session, 16, 16);
LAYOUT_FIELD(mortise_delivery_record_t, position, 24, 24);
LAYOUT_FIELD(mortise_delivery_record_t, group, 32, 32);
LAYOUT_FIELD(mortise_delivery_record_t, identifier, 40, 40);
LAYOUT_FIELD(mortise_delivery_record_t, op, 44, 44);
LAYOUT_FIELD(mortise_delivery_record_t, qos, 45, 45);
LAYOUT_FIELD(mortise_delivery_record_t, state, 46, 46);
LAYOUT_FIELD(mortise_delivery_record_t, flags, 47, 47);
LAYOUT_FIELD(mortise_record_t, kind, 4, 4);
LAYOUT_FIELD(mortise_record_t, op, 5, 5);
LAYOUT_FIELD(mortise_record_t, session, 8, 8);
LAYOUT_FIELD(mortise_record_t, number, 16, 16);
LAYOUT_FIELD(mortise_record_t, position, 24, 24);
LAYOUT_FIELD(mortise_record_t, unix_ms, 32, 32);
LAYOUT_FIELD(mortise_record_t, seconds, 40, 40);
LAYOUT_FIELD(mortise_record_t, identifier, 44, 44);
LAYOUT_FIELD(mortise_record_t, deliveries, 48, 48);
LAYOUT_FIELD(mortise_record_t, key, 56, 56);
LAYOUT_FIELD(mortise_record_t, owner, 72, 64);
LAYOUT_FIELD(mortise_record_t, subscription, 88, 72);
LAYOUT_FIELD(mortise_record_t, body, 96, 76);
LAYOUT_FIELD(mortise_record_t, data, 104, 80);
LAYOUT_FIELD(mortise_batch_t, level, 4, 4);
LAYOUT_FIELD(mortise_batch_t, sequence, 8, 8);
LAYOUT_FIELD(mortise_batch_t, records, 16, 16);
LAYOUT_FIELD(mortise_batch_t, record_count, 24, 20);
LAYOUT_FIELD(mortise_batch_t, deliveries, 32, 24);
LAYOUT_FIELD(mortise_batch_t, delivery_count, 40, 28);
LAYOUT_FIELD(mortise_plugin_entry_t, magic, 0, 0);
LAYOUT_FIELD(mortise_plugin_entry_t, size, 4, 4);
LAYOUT_FIELD(mortise_plugin_entry_t, abi_major, 8, 8);
LAYOUT_FIELD(mortise_plugin_entry_t, abi_minor, 10, 10);
LAYOUT_FIELD(mortise_plugin_entry_t, descriptor, 16, 16);
LAYOUT_FIELD(mortise_plugin_entry_t, plugin, 24, 20);
LAYOUT_FIELD(mortise_plugin_entry_t, extensions, 32, 24);
LAYOUT_FIELD(mortise_plugin_entry_t, extension_count, 40, 28);

// The growth test a plugin uses: a struct cut before a field does not have it.
int mortise_layout_has_works(void);
int mortise_layout_has_works(void) {
  mortise_health_t older;
  older.size = offsetof(mortise_health_t, bytes_free);
  return MORTISE_HAS(&older, bytes) && !MORTISE_HAS(&older, bytes_free);
}
