// long: one table of rows for one claim; split, no row would be easier to find.
// Files with something wrong, and word for word what people are told.
#include <string_view>

#include "row.hpp"

namespace mortise::config {
namespace {

struct Row {
  const char* name;
  std::string_view file;
  const char* told;
};

void PrintTo(const Row& row, std::ostream* out) { *out << row.file; }

class BadFile : public testing::TestWithParam<Row> {};

TEST_P(BadFile, is_explained_word_for_word) {
  EXPECT_EQ(texts(reading_of(GetParam().file).findings), GetParam().told);
}

INSTANTIATE_TEST_SUITE_P(
    keys, BadFile,
    testing::ValuesIn(std::vector<Row>{
        {"an_unknown_key_names_the_nearest_known_one",
         "kernel:\n"
         "  limits:\n"
         "    paket_size: 2MiB\n"
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n",
         "mortise.yaml:3:5  unknown key \"paket_size\", did you mean \"packet_size\"?\n"},
        {"an_unknown_key_far_from_all_lists_what_is_known",
         "kernel:\n"
         "  store: {flavour: vanilla}\n"
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n",
         "mortise.yaml:2:11  unknown key \"flavour\"; known here: pending, resident, stall, on_failure\n"},
        {"an_unknown_key_at_the_top",
         "kernal: {}\n"
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n",
         "mortise.yaml:1:1  unknown key \"kernal\", did you mean \"kernel\"?\n"},
        {"swapped_letters_are_one_slip",
         "kernel: {limtis: {}}\n"
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n",
         "mortise.yaml:1:10  unknown key \"limtis\", did you mean \"limits\"?\n"},
        {"a_wrong_case_is_a_slip",
         "kernel: {Threads: 2}\n"
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n",
         "mortise.yaml:1:10  unknown key \"Threads\", did you mean \"threads\"?\n"},
        {"an_unknown_key_in_a_listener",
         "listeners:\n"
         "  - {name: a, bind: \"127.0.0.1:1883\", anonimous: allow}\n",
         "mortise.yaml:2:39  unknown key \"anonimous\", did you mean \"anonymous\"?\n"},
        {"an_unknown_key_in_a_plugin",
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n"
         "plugins: [{name: log, library: log, conifg: {}}]\n",
         "mortise.yaml:2:37  unknown key \"conifg\", did you mean \"config\"?\n"},
        {"an_unknown_hook",
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n"
         "plugins: [{name: log, library: log, hooks: {authorize: {priority: 1}}}]\n",
         "mortise.yaml:2:45  unknown key \"authorize\", did you mean \"authorise\"?\n"},
        {"an_unknown_key_in_a_hook",
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n"
         "plugins: [{name: log, library: log, hooks: {authorise: {prio: 1}}}]\n",
         "mortise.yaml:2:57  unknown key \"prio\", did you mean \"priority\"?\n"},
        {"tls_without_a_key",
         "listeners:\n"
         "  - {name: a, bind: \"127.0.0.1:8883\", tls: {certificate: a.pem}}\n",
         "mortise.yaml:2:44  missing key \"key\"; add it, such as key: server.key\n"},
        {"an_empty_section_of_tls",
         "listeners:\n"
         "  - {name: a, bind: \"127.0.0.1:8883\", tls: {}}\n",
         "mortise.yaml:2:44  missing key \"certificate\"; add it, such as certificate: server.pem\n"
         "mortise.yaml:2:44  missing key \"key\"; add it, such as key: server.key\n"},
        {"half_a_certificate_beside_keys",
         "listeners:\n"
         "  - {name: a, bind: \"127.0.0.1:8883\", tls: {psk: {}, key: a.key}}\n",
         "mortise.yaml:2:44  missing key \"certificate\"; add it, such as certificate: server.pem\n"},
        {"clients_asked_for_certificates_by_one_that_has_none",
         "listeners:\n"
         "  - {name: a, bind: \"127.0.0.1:8883\", tls: {psk: {}, verify: required, client_ca: ca.pem}}\n",
         "mortise.yaml:2:44  missing key \"certificate\"; add it, such as certificate: server.pem\n"
         "mortise.yaml:2:44  missing key \"key\"; add it, such as key: server.key\n"},
        {"an_unknown_key_of_psk",
         "listeners:\n"
         "  - {name: a, bind: \"127.0.0.1:8883\", tls: {psk: {identities: x}}}\n",
         "mortise.yaml:2:51  unknown key \"identities\", did you mean \"identity\"?\n"},
        {"an_unknown_key_of_tls",
         "listeners:\n"
         "  - {name: a, bind: \"127.0.0.1:8883\", tls: {certificate: a.pem, key: a.key, cafile: b.pem}}\n",
         "mortise.yaml:2:77  unknown key \"cafile\"; known here: certificate, key, certificates, client_ca, "
         "crl, "
         "verify, identity, minimum_version, ciphers, cipher_suites, curves, psk\n"},
        {"verify_without_an_authority",
         "listeners:\n"
         "  - {name: a, bind: \"127.0.0.1:8883\", tls: {certificate: a.pem, key: a.key, verify: required}}\n",
         "mortise.yaml:2:85  listeners/0/tls/verify: no authority is there to verify a certificate by; "
         "name the file of those that issue your clients' certificates as client_ca\n"},
        {"an_identity_nobody_verifies",
         "listeners:\n"
         "  - {name: a, bind: \"127.0.0.1:8883\", tls: {certificate: a.pem, key: a.key, identity: san,\n"
         "     client_ca: ca.pem, crl: crl.pem}}\n",
         "mortise.yaml:2:87  listeners/0/tls/identity: no client is asked for a certificate; "
         "write verify: required, or optional; or remove this key\n"
         "mortise.yaml:3:17  listeners/0/tls/client_ca: no client is asked for a certificate; "
         "write verify: required, or optional; or remove this key\n"
         "mortise.yaml:3:30  listeners/0/tls/crl: no client is asked for a certificate; "
         "write verify: required, or optional; or remove this key\n"},
        {"a_wrong_authority_is_one_mistake",
         "listeners:\n"
         "  - {name: a, bind: \"127.0.0.1:8883\", tls: {certificate: a.pem, key: a.key, verify: required,\n"
         "     client_ca: [ca.pem]}}\n",
         "mortise.yaml:3:17  listeners/0/tls/client_ca: a list is not a text\n"},
        {"a_key_like_none",
         "listeners:\n"
         "  - {name: a, bind: \"127.0.0.1:8883\", colour: red}\n",
         "mortise.yaml:2:39  unknown key \"colour\"; known here: name, bind, mode, owner, group, transport, "
         "websocket, proxy_protocol, proxies, anonymous, tls, versions, maximum_qos, retain, "
         "wildcard_subscriptions, subscription_identifiers, shared_subscriptions, "
         "check_payload_format, limits, "
         "authenticate, mount_point\n"},
        {"a_key_of_retained_like_none",
         "kernel:\n"
         "  retained: {colour: 5}\n"
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n",
         "mortise.yaml:2:14  unknown key \"colour\"; known here: messages, bytes, payload\n"},
        {"limits_that_are_none",
         "kernel:\n"
         "  limits: {memory: 1MiB, publish_rate: 0, half_open: none, connect_packet_size: 1}\n"
         "listeners: [{name: a, bind: \"127.0.0.1:1883\", limits: {connections: 0}}]\n",
         "mortise.yaml:2:20  kernel/limits/memory: 1MiB is not between 8MiB and 1024GiB; or write unlimited\n"
         "mortise.yaml:2:40  kernel/limits/publish_rate: 0 is not between 1 and 10000000; or write "
         "unlimited\n"
         "mortise.yaml:2:54  kernel/limits/half_open: \"none\" is not a whole number; write one from 1 to "
         "10000000, or unlimited\n"
         "mortise.yaml:2:81  kernel/limits/connect_packet_size: 1 is not between 1KiB and 256MiB\n"
         "mortise.yaml:3:69  listeners/0/limits/connections: 0 is not between 1 and 10000000; or write "
         "unlimited\n"},
        {"a_duplicate_key_tells_both_lines",
         "kernel:\n"
         "  threads: 1\n"
         "  grants: strict\n"
         "  threads: 2\n"
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n",
         "mortise.yaml:4:3  duplicate key \"threads\"; line 2 has it already\n"},
        {"a_duplicate_key_at_the_top",
         "kernel: {}\n"
         "kernel: {}\n"
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n",
         "mortise.yaml:2:1  duplicate key \"kernel\"; line 1 has it already\n"},
        {"a_duplicate_key_in_a_plugins_own_settings",
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n"
         "plugins:\n"
         "  - name: log\n"
         "    library: log\n"
         "    config: {level: info, level: debug}\n",
         "mortise.yaml:5:27  duplicate key \"level\"; line 5 has it already\n"},
        {"a_file_without_listeners", "kernel: {threads: 1}\n",
         "mortise.yaml:1:1  missing key \"listeners\"; add it, such as listeners: [{name: local, bind: "
         "\"127.0.0.1:1883\"}]\n"},
        {"an_empty_file", "",
         "mortise.yaml:1:1  missing key \"listeners\"; add it, such as listeners: [{name: local, bind: "
         "\"127.0.0.1:1883\"}]\n"},
        {"only_comments", "# nothing\n",
         "mortise.yaml:1:1  missing key \"listeners\"; add it, such as listeners: [{name: local, bind: "
         "\"127.0.0.1:1883\"}]\n"},
        {"a_listener_without_its_keys",
         "listeners:\n"
         "  - anonymous: deny\n",
         "mortise.yaml:2:5  missing key \"name\"; add it, such as name: local\n"
         "mortise.yaml:2:5  missing key \"bind\"; add it, such as bind: 127.0.0.1:1883\n"},
        {"a_plugin_without_its_library",
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n"
         "plugins:\n"
         "  - name: log\n",
         "mortise.yaml:3:5  missing key \"library\"; add it, such as library: log\n"},
        {"an_acknowledge_class_without_topics",
         "kernel:\n"
         "  acknowledge:\n"
         "    - after: written\n"
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n",
         "mortise.yaml:3:7  missing key \"topics\"; add it, such as topics: [\"telemetry/#\"]\n"},
    }),
    row_name<Row>);

INSTANTIATE_TEST_SUITE_P(
    yaml, BadFile,
    testing::ValuesIn(std::vector<Row>{
        {"an_unquoted_star_before_a_port",
         "listeners:\n"
         "  - name: a\n"
         "    bind: *:1883\n",
         "mortise.yaml:3:11  *:1883 is taken for an alias, because it begins with *; quote this: "
         "\"*:1883\"\n"},
        {"an_unquoted_star_in_braces",
         "listeners:\n"
         "  - {name: a, bind: *:1883}\n",
         "mortise.yaml:2:21  *:1883 is taken for an alias, because it begins with *; quote this: "
         "\"*:1883\"\n"},
        {"an_unquoted_star_alone",
         "listeners:\n"
         "  - name: a\n"
         "    bind: *\n",
         "mortise.yaml:3:11  * is taken for an alias, because it begins with *; quote this: \"*\"\n"
         "mortise.yaml:3:11  listeners/0/bind: \"*\" has no port; write \"*:1883\", in quotes\n"},
        {"two_unquoted_stars_and_what_else_is_wrong",
         "listeners:\n"
         "  - name: a\n"
         "    bind: *:1883\n"
         "  - name: b\n"
         "    bind: *:99999\n",
         "mortise.yaml:3:11  *:1883 is taken for an alias, because it begins with *; quote this: \"*:1883\"\n"
         "mortise.yaml:5:11  *:99999 is taken for an alias, because it begins with *; quote this: "
         "\"*:99999\"\n"
         "mortise.yaml:5:11  listeners/1/bind: port 99999 is not between 1 and 65535\n"},
        {"a_second_document",
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n"
         "---\n"
         "kernel: {}\n",
         "mortise.yaml:2:1  a second document begins here; a configuration is one document; remove the "
         "---\n"},
        {"a_line_that_continues_nothing",
         "- a\n"
         "listeners: []\n",
         "mortise.yaml:1:1  a list is not a map; begin with a key such as listeners:\n"
         "mortise.yaml:2:1  this does not continue what stands above; check the indentation of this line\n"},
        {"a_comma_in_front_of_all", ", a\n",
         "mortise.yaml:1:1  a comma separates nothing here; remove it, or put the text in quotes\n"
         "mortise.yaml:1:1  missing key \"listeners\"; add it, such as listeners: [{name: local, bind: "
         "\"127.0.0.1:1883\"}]\n"},
        {"a_comma_behind_all",
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n"
         "...\n"
         " ,,\n",
         "mortise.yaml:3:2  a comma separates nothing here; remove it, or put the text in quotes\n"},
        {"a_tab_as_indentation",
         "kernel:\n"
         "\tthreads: 1\n",
         "mortise.yaml:2:1  a tab stands where YAML wants spaces; indent with spaces\n"},
        {"a_tab_after_spaces",
         "kernel:\n"
         "  threads: 1\n"
         "  \tgrants: strict\n",
         "mortise.yaml:3:3  a tab stands where YAML wants spaces; indent with spaces\n"},
        {"an_unclosed_bracket",
         "kernel: {threads: 1}\n"
         "listeners: [{name: a}\n",
         "mortise.yaml:2:12  this [ is never closed; add the ]\n"},
        {"an_unclosed_brace", "kernel: {threads: 1\n",
         "mortise.yaml:1:9  this { is never closed; add the }\n"},
        {"an_unclosed_bracket_before_other_keys",
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}\n"
         "kernel: {}\n",
         "mortise.yaml:2:1  a comma or a ] is missing in front of this; the [ stands in line 1\n"},
        {"a_comma_left_out",
         "kernel: {store: {pending: 1GiB} limits: {}}\n"
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n",
         "mortise.yaml:1:33  a comma or a } is missing in front of this; the { stands in line 1\n"},
        {"a_comma_left_out_of_a_list",
         "kernel: {plugin_path: [\"a\" \"b\"]}\n"
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n",
         "mortise.yaml:1:28  a comma or a ] is missing in front of this; the [ stands in line 1\n"},
        {"an_expansion_without_quotes_in_braces",
         "kernel: {threads: ${N}}\n"
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n",
         "mortise.yaml:1:19  ${…} wants quotes inside of { } and [ ]; put the whole value in quotes\n"},
        {"an_expansion_without_quotes_in_brackets",
         "kernel: {plugin_path: [${N}]}\n"
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n",
         "mortise.yaml:1:24  ${…} wants quotes inside of { } and [ ]; put the whole value in quotes\n"},
        {"a_closing_bracket_too_many", "kernel: ]\n",
         "mortise.yaml:1:9  a ] or } closes nothing here; check the brackets in front of it\n"},
        {"an_unclosed_quote", "kernel: \"abc\n",
         "mortise.yaml:1:9  kernel: this quotation mark is never closed; close it\n"},
        {"a_colon_within_a_value", "kernel: threads: 1\n",
         "mortise.yaml:1:16  no value may stand here; check the indentation; a value that holds a colon and "
         "a space wants quotes\n"},
        {"a_lost_indentation",
         "kernel:\n"
         "  store:\n"
         "    pending: 1GiB\n"
         "   stall: 5s\n",
         "mortise.yaml:4:4  this is neither a key nor the end of the map above; check the indentation and "
         "the colon after the key\n"},
        {"a_value_that_begins_with_an_at_sign", "kernel: @home\n",
         "mortise.yaml:1:9  a value cannot begin with this character; put the value in quotes\n"},
        {"an_escape_that_does_not_exist", "kernel: \"C:\\Users\"\n",
         "mortise.yaml:2:3  an escape in double quotes wants more digits; write \\\\ for a backslash, or use "
         "single quotes\n"},
        {"a_tag",
         "kernel: {threads: !!int 2}\n"
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n",
         "mortise.yaml:1:19  kernel/threads: YAML tags mean nothing here; leave the tag out; quotes make a "
         "value text\n"},
        {"an_alias_inside_itself",
         "kernel: &k {limits: *k}\n"
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n",
         "mortise.yaml:1:21  kernel/limits: this alias stands inside of what it names; write the value "
         "out\n"},
        {"a_merge_key",
         "kernel: {<<: {threads: 1}}\n"
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n",
         "mortise.yaml:1:10  kernel/<<: merge keys are not read; repeat the settings, or use an alias as a "
         "value\n"},
        {"a_map_as_key",
         "kernel:\n"
         "  {a: 1}: 2\n",
         "mortise.yaml:2:3  kernel: a key must be plain text; put the value in quotes if it begins with { or "
         "[\n"},
        {"a_key_left_out",
         "kernel:\n"
         "  : 2\n",
         "mortise.yaml:2:3  kernel: a key must be plain text; write the key before the colon, in quotes if "
         "need be\n"},
        {"a_list_at_the_top", "- kernel\n",
         "mortise.yaml:1:1  a list is not a map; begin with a key such as listeners:\n"},
        {"a_word_at_the_top", "hello\n",
         "mortise.yaml:1:1  \"hello\" is not a map; begin with a key such as listeners:\n"},
        {"bytes_that_are_not_utf8", "kernel: \377\n",
         "mortise.yaml:1:9  this is not UTF-8; save the file as UTF-8\n"},
        {"a_control_character",
         "kernel: {threads: 1}\n"
         "listeners: \007\n",
         "mortise.yaml:2:12  a control character stands here; delete it; in quotes it can be written like "
         "\"\\x07\"\n"},
        {"columns_count_characters",
         "kernel: {\"ü\": {}, thread: 1}\n"
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n",
         "mortise.yaml:1:10  unknown key \"ü\"; known here: threads, plugin_path, limits, session, "
         "retained, store, acknowledge, grants\n"
         "mortise.yaml:1:19  unknown key \"thread\", did you mean \"threads\"?\n"},
    }),
    row_name<Row>);

INSTANTIATE_TEST_SUITE_P(
    values, BadFile,
    testing::ValuesIn(std::vector<Row>{
        {"threads_as_a_word",
         "kernel: {threads: many}\n"
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n",
         "mortise.yaml:1:19  kernel/threads: \"many\" is not a whole number; write one from 1 to 64, or "
         "auto\n"},
        {"no_threads",
         "kernel: {threads: 0}\n"
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n",
         "mortise.yaml:1:19  kernel/threads: 0 is not between 1 and 64; or write auto\n"},
        {"too_many_threads",
         "kernel: {threads: 65}\n"
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n",
         "mortise.yaml:1:19  kernel/threads: 65 is not between 1 and 64; or write auto\n"},
        {"threads_in_quotes",
         "kernel: {threads: \"4\"}\n"
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n",
         "mortise.yaml:1:19  kernel/threads: \"4\" is text, not a number; write it without quotes and "
         "leading zeros\n"},
        {"half_a_thread",
         "kernel: {threads: 1.5}\n"
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n",
         "mortise.yaml:1:19  kernel/threads: \"1.5\" is not a whole number; write one from 1 to 64, or "
         "auto\n"},
        {"a_map_for_a_number",
         "kernel: {threads: {}}\n"
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n",
         "mortise.yaml:1:19  kernel/threads: a map is not a whole number; write one from 1 to 64, or auto\n"},
        {"a_list_for_a_map",
         "kernel: {limits: [1]}\n"
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n",
         "mortise.yaml:1:18  kernel/limits: a list is not a map; write keys with values below it, or leave "
         "it out\n"},
        {"a_section_left_empty",
         "kernel:\n"
         "  limits:\n"
         "  threads: 1\n"
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n",
         "mortise.yaml:2:3  kernel/limits: an empty value is not a map; write keys with values below it, or "
         "leave it out\n"},
        {"a_value_left_out",
         "kernel:\n"
         "  store:\n"
         "    pending:\n"
         "    stall: 5s\n"
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n",
         "mortise.yaml:3:5  kernel/store/pending: an empty value is not a size; such as 64KiB\n"},
        {"a_size_in_decimal_units",
         "kernel: {store: {pending: 512MB}}\n"
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n",
         "mortise.yaml:1:27  kernel/store/pending: \"512MB\" has the unknown unit \"MB\", did you mean "
         "\"MiB\"?\n"},
        {"a_size_with_a_short_unit",
         "kernel: {store: {pending: 2G}}\n"
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n",
         "mortise.yaml:1:27  kernel/store/pending: \"2G\" has the unknown unit \"G\", did you mean "
         "\"GiB\"?\n"},
        {"a_size_in_an_unknown_unit",
         "kernel: {store: {pending: 3parsecs}}\n"
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n",
         "mortise.yaml:1:27  kernel/store/pending: \"3parsecs\" has the unknown unit \"parsecs\"; the units "
         "are KiB, MiB, GiB, or none for bytes\n"},
        {"a_size_with_a_space",
         "kernel: {store: {pending: 512 MiB}}\n"
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n",
         "mortise.yaml:1:27  kernel/store/pending: \"512 MiB\" has a space before its unit; write them "
         "together, such as 512MiB\n"},
        {"a_size_with_a_fraction",
         "kernel: {store: {pending: 1.5GiB}}\n"
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n",
         "mortise.yaml:1:27  kernel/store/pending: \"1.5GiB\" is not a whole number; take a smaller unit\n"},
        {"a_size_in_words",
         "kernel: {store: {pending: lots}}\n"
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n",
         "mortise.yaml:1:27  kernel/store/pending: \"lots\" is not a size; write a whole number with its "
         "unit, such as 512MiB\n"},
        {"a_negative_size",
         "kernel: {store: {pending: -1}}\n"
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n",
         "mortise.yaml:1:27  kernel/store/pending: \"-1\" is not a size; write a whole number with its unit, "
         "such as 512MiB\n"},
        {"too_little_room",
         "kernel: {store: {pending: 1KiB}}\n"
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n",
         "mortise.yaml:1:27  kernel/store/pending: 1KiB is not between 64KiB and 1024GiB\n"},
        {"a_size_beyond_counting",
         "kernel: {store: {pending: 99999999999999999999GiB}}\n"
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n",
         "mortise.yaml:1:27  kernel/store/pending: \"99999999999999999999GiB\" is too large to count\n"},
        {"a_list_for_a_size",
         "kernel: {store: {pending: [1GiB]}}\n"
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n",
         "mortise.yaml:1:27  kernel/store/pending: a list is not a size; such as 64KiB\n"},
        {"a_packet_larger_than_mqtt_wants",
         "kernel: {limits: {packet_size: 257MiB}}\n"
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n",
         "mortise.yaml:1:32  kernel/limits/packet_size: 257MiB is not between 1KiB and 256MiB\n"},
        {"no_connections",
         "kernel: {limits: {connections: 0}}\n"
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n",
         "mortise.yaml:1:32  kernel/limits/connections: 0 is not between 1 and 10000000; or write "
         "unlimited\n"},
        {"a_limit_that_cannot_be_unlimited",
         "kernel: {store: {pending: unlimited}}\n"
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n",
         "mortise.yaml:1:27  kernel/store/pending: \"unlimited\" is not a size; write a whole number with "
         "its unit, such as 512MiB\n"},
        {"a_number_beyond_64_bits",
         "kernel: {limits: {connections: 99999999999999999999}}\n"
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n",
         "mortise.yaml:1:32  kernel/limits/connections: 99999999999999999999 is not between 1 and 10000000; "
         "or write unlimited\n"},
        {"a_number_with_a_leading_zero",
         "kernel: {limits: {topic_levels: 010}}\n"
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n",
         "mortise.yaml:1:33  kernel/limits/topic_levels: \"010\" is text, not a number; write it without "
         "quotes and leading zeros\n"},
        {"a_duration_without_a_unit",
         "kernel: {limits: {connect_timeout: 5}}\n"
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n",
         "mortise.yaml:1:36  kernel/limits/connect_timeout: \"5\" has no unit; the units are ms, s, m, h, d; "
         "such as 30s\n"},
        {"a_duration_with_a_long_unit",
         "kernel: {limits: {connect_timeout: 5sec}}\n"
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n",
         "mortise.yaml:1:36  kernel/limits/connect_timeout: \"5sec\" has the unknown unit \"sec\"; the units "
         "are ms, s, m, h, d\n"},
        {"a_duration_with_a_space",
         "kernel: {limits: {connect_timeout: 5 s}}\n"
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n",
         "mortise.yaml:1:36  kernel/limits/connect_timeout: \"5 s\" has a space before its unit; write them "
         "together, such as 30s\n"},
        {"a_duration_too_short",
         "kernel: {limits: {connect_timeout: 1ms}}\n"
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n",
         "mortise.yaml:1:36  kernel/limits/connect_timeout: 1ms is not between 100ms and 5m\n"},
        {"a_duration_in_words",
         "kernel: {session: {expiry_maximum: forever}}\n"
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n",
         "mortise.yaml:1:36  kernel/session/expiry_maximum: \"forever\" is not a duration; write a whole "
         "number with its unit, such as 30s\n"},
        {"a_negative_duration",
         "kernel: {session: {expiry_maximum: -1s}}\n"
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n",
         "mortise.yaml:1:36  kernel/session/expiry_maximum: \"-1s\" is not a duration; write a whole number "
         "with its unit, such as 30s\n"},
        {"an_expiry_in_parts_of_a_second",
         "kernel: {session: {expiry_maximum: 1500ms}}\n"
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n",
         "mortise.yaml:1:36  kernel/session/expiry_maximum: 1500ms is not a multiple of 1s; MQTT counts this "
         "in whole seconds\n"},
        {"a_keep_alive_mqtt_cannot_say",
         "kernel: {session: {keep_alive_maximum: 19h}}\n"
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n",
         "mortise.yaml:1:40  kernel/session/keep_alive_maximum: 19h is not between 1s and 65535s; or write "
         "unlimited\n"},
        {"a_receive_maximum_of_nothing",
         "kernel: {session: {receive_maximum: 0}}\n"
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n",
         "mortise.yaml:1:37  kernel/session/receive_maximum: 0 is not between 1 and 65535\n"},
        {"an_inflight_maximum_too_large",
         "kernel: {session: {inflight_maximum: 65536}}\n"
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n",
         "mortise.yaml:1:38  kernel/session/inflight_maximum: 65536 is not between 1 and 65535\n"},
        {"an_unknown_durability",
         "kernel: {session: {store: sync}}\n"
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n",
         "mortise.yaml:1:27  kernel/session/store: \"sync\" is not one of memory, written, synced, did you "
         "mean \"synced\"?\n"},
        {"an_unknown_overflow",
         "kernel: {session: {queue: {overflow: newest}}}\n"
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n",
         "mortise.yaml:1:38  kernel/session/queue/overflow: \"newest\" is not one of drop_oldest, "
         "drop_newest, disconnect\n"},
        {"a_queue_of_nothing",
         "kernel: {session: {queue: {messages: 0}}}\n"
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n",
         "mortise.yaml:1:38  kernel/session/queue/messages: 0 is not between 1 and 1000000000; or write "
         "unlimited\n"},
        {"an_unknown_way_to_fail",
         "kernel: {store: {on_failure: panic}}\n"
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n",
         "mortise.yaml:1:30  kernel/store/on_failure: \"panic\" is not one of refuse, memory\n"},
        {"a_choice_of_the_wrong_type",
         "kernel: {grants: [strict]}\n"
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n",
         "mortise.yaml:1:18  kernel/grants: a list is not one of default, strict\n"},
        {"an_empty_acknowledge_list",
         "kernel: {acknowledge: []}\n"
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n",
         "mortise.yaml:1:23  kernel/acknowledge: this list is empty; write at least one element\n"},
        {"an_acknowledge_map",
         "kernel: {acknowledge: {topics: [\"#\"], after: written}}\n"
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n",
         "mortise.yaml:1:23  kernel/acknowledge: a map is not a list; write its elements in [ ], or below it "
         "with a dash each\n"},
        {"an_acknowledge_class_with_an_unknown_strength",
         "kernel: {acknowledge: [{topics: [\"#\"], after: writen}]}\n"
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n",
         "mortise.yaml:1:47  kernel/acknowledge/0/after: \"writen\" is not one of memory, written, synced, "
         "did you mean \"written\"?\n"},
        {"an_acknowledge_class_with_one_topic_not_in_a_list",
         "kernel: {acknowledge: [{topics: \"#\", after: written}]}\n"
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n",
         "mortise.yaml:1:33  kernel/acknowledge/0/topics: \"#\" is not a list; write its elements in [ ], or "
         "below it with a dash each\n"},
        {"a_topic_that_is_a_number",
         "kernel: {acknowledge: [{topics: [5], after: written}]}\n"
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n",
         "mortise.yaml:1:34  kernel/acknowledge/0/topics/0: 5 is not text to YAML; put it in quotes: "
         "\"5\"\n"},
        {"an_empty_topic",
         "kernel: {acknowledge: [{topics: [\"\"], after: written}]}\n"
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n",
         "mortise.yaml:1:34  kernel/acknowledge/0/topics/0: this text is empty; write something between the "
         "quotes\n"},
        {"a_topic_twice",
         "kernel: {acknowledge: [{topics: [\"a\", \"b\", \"a\"], after: written}]}\n"
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n",
         "mortise.yaml:1:44  kernel/acknowledge/0/topics/2: \"a\" is listed twice; remove one\n"},
        {"a_plugin_path_that_is_no_list",
         "kernel: {plugin_path: /usr/lib}\n"
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n",
         "mortise.yaml:1:23  kernel/plugin_path: \"/usr/lib\" is not a list; write its elements in [ ], or "
         "below it with a dash each\n"},
    }),
    row_name<Row>);

INSTANTIATE_TEST_SUITE_P(
    listeners, BadFile,
    testing::ValuesIn(std::vector<Row>{
        {"no_listener", "listeners: []\n",
         "mortise.yaml:1:12  listeners: this list is empty; write at least one element\n"},
        {"a_port_too_large",
         "listeners:\n"
         "  - {name: a, bind: \"127.0.0.1:99999\"}\n",
         "mortise.yaml:2:21  listeners/0/bind: port 99999 is not between 1 and 65535\n"},
        {"port_zero",
         "listeners:\n"
         "  - {name: a, bind: \"127.0.0.1:0\"}\n",
         "mortise.yaml:2:21  listeners/0/bind: port 0 is not between 1 and 65535\n"},
        {"a_port_that_is_no_number",
         "listeners:\n"
         "  - {name: a, bind: \"127.0.0.1:mqtt\"}\n",
         "mortise.yaml:2:21  listeners/0/bind: port \"mqtt\" is not a number; such as 1883\n"},
        {"a_bind_without_a_port",
         "listeners:\n"
         "  - {name: a, bind: 127.0.0.1}\n",
         "mortise.yaml:2:21  listeners/0/bind: \"127.0.0.1\" has no port; add it, such as 127.0.0.1:1883\n"},
        {"a_bind_that_is_only_a_port",
         "listeners:\n"
         "  - {name: a, bind: 1883}\n",
         "mortise.yaml:2:21  listeners/0/bind: \"1883\" has no address; write 127.0.0.1:1883 for programs on "
         "this machine, or \"*:1883\" to be reached from others, too\n"},
        {"a_bind_that_is_a_colon_and_a_port",
         "listeners:\n"
         "  - {name: a, bind: \":8883\"}\n",
         "mortise.yaml:2:21  listeners/0/bind: \":8883\" has no address; write 127.0.0.1:8883 for programs "
         "on "
         "this machine, or \"*:8883\" to be reached from others, too\n"},
        {"an_empty_bind",
         "listeners:\n"
         "  - {name: a, bind: \"\"}\n",
         "mortise.yaml:2:21  listeners/0/bind: this text is empty; write an address and a port, such as "
         "127.0.0.1:1883\n"},
        {"a_star_without_a_port",
         "listeners:\n"
         "  - {name: a, bind: \"*\"}\n",
         "mortise.yaml:2:21  listeners/0/bind: \"*\" has no port; write \"*:1883\", in quotes\n"},
        {"a_bind_by_name_without_a_port",
         "listeners:\n"
         "  - {name: a, bind: localhost}\n",
         "mortise.yaml:2:21  listeners/0/bind: \"localhost\" is a name, not an address; write 127.0.0.1:1883 "
         "or [::1]:1883\n"},
        {"a_bind_by_name",
         "listeners:\n"
         "  - {name: a, bind: \"localhost:1883\"}\n",
         "mortise.yaml:2:21  listeners/0/bind: \"localhost\" is a name, not an address; write 127.0.0.1 or "
         "[::1]\n"},
        {"a_bind_to_a_host_name",
         "listeners:\n"
         "  - {name: a, bind: \"broker.example:1883\"}\n",
         "mortise.yaml:2:21  listeners/0/bind: \"broker.example\" is not an address; write one of this "
         "machine such as 192.168.1.10 or [::1], or * for all of them\n"},
        {"an_ipv6_address_without_brackets",
         "listeners:\n"
         "  - {name: a, bind: \"::1:1883\"}\n",
         "mortise.yaml:2:21  listeners/0/bind: \"::1\" lacks its brackets; write [::1] in front of the "
         "port\n"},
        {"an_ipv6_address_without_brackets_and_port",
         "listeners:\n"
         "  - {name: a, bind: \"fe80::1:2:3\"}\n",
         "mortise.yaml:2:21  listeners/0/bind: \"fe80::1:2\" lacks its brackets; write [fe80::1:2] in front "
         "of the port\n"},
        {"a_bracket_left_open",
         "listeners:\n"
         "  - {name: a, bind: \"[::1:1883\"}\n",
         "mortise.yaml:2:21  listeners/0/bind: \"[::1:1883\" has no closing bracket; write it like "
         "[::1]:1883\n"},
        {"an_ipv4_address_in_brackets",
         "listeners:\n"
         "  - {name: a, bind: \"[127.0.0.1]:1883\"}\n",
         "mortise.yaml:2:21  listeners/0/bind: \"127.0.0.1\" is not an address; write one of this machine "
         "such as 192.168.1.10 or [::1], or * for all of them\n"},
        {"a_path_without_its_prefix",
         "listeners:\n"
         "  - {name: a, bind: /run/mortise.sock}\n",
         "mortise.yaml:2:21  listeners/0/bind: \"/run/mortise.sock\" is a path; for a Unix socket write "
         "unix:/run/mortise.sock\n"},
        {"a_unix_socket_without_a_path",
         "listeners:\n"
         "  - {name: a, bind: \"unix:\"}\n",
         "mortise.yaml:2:21  listeners/0/bind: \"unix:\" has no file's path; such as "
         "unix:/run/mortise/mortise.sock\n"},
        {"the_same_unix_socket_twice",
         "listeners:\n"
         "  - {name: a, bind: unix:/run/a.sock}\n"
         "  - {name: b, bind: unix:/run/./a.sock}\n",
         "mortise.yaml:3:21  listeners/1/bind: \"unix:/run/./a.sock\" is taken; line 2 listens on "
         "\"unix:/run/a.sock\"; choose another\n"},
        {"a_passed_socket_without_its_name",
         "listeners:\n"
         "  - {name: a, bind: \"systemd:\"}\n",
         "mortise.yaml:2:21  listeners/0/bind: \"systemd:\" has no socket's name; write systemd, or systemd: "
         "and "
         "the FileDescriptorName of a .socket unit\n"},
        {"all_passed_sockets_and_one_of_them",
         "listeners:\n"
         "  - {name: a, bind: systemd}\n"
         "  - {name: b, bind: systemd:tls}\n",
         "mortise.yaml:3:21  listeners/1/bind: \"systemd:tls\" is taken; line 2 listens on \"systemd\"; "
         "choose "
         "another\n"},
        {"a_mode_of_a_port",
         "listeners:\n"
         "  - {name: a, bind: \"127.0.0.1:1883\", mode: \"0660\", owner: root}\n",
         "mortise.yaml:2:45  listeners/0/mode: only a Unix socket has a mode; remove it, or bind to "
         "unix:PATH\n"
         "mortise.yaml:2:60  listeners/0/owner: only a Unix socket has an owner; remove it, or bind to "
         "unix:PATH\n"},
        {"a_mode_that_is_none",
         "listeners:\n"
         "  - {name: a, bind: unix:/run/a.sock, mode: rw-rw----}\n",
         "mortise.yaml:2:45  listeners/0/mode: \"rw-rw----\" is not a mode; write three octal digits, such "
         "as "
         "\"0660\"\n"},
        {"a_mode_without_quotes",
         "listeners:\n"
         "  - {name: a, bind: unix:/run/a.sock, mode: 660}\n",
         "mortise.yaml:2:45  listeners/0/mode: 660 is not text to YAML; put it in quotes: \"660\"\n"},
        {"an_unknown_transport",
         "listeners:\n"
         "  - {name: a, bind: \"127.0.0.1:1883\", transport: websockets}\n",
         "mortise.yaml:2:50  listeners/0/transport: \"websockets\" is not one of mqtt, websocket, did you "
         "mean "
         "\"websocket\"?\n"},
        {"websocket_settings_of_another_transport",
         "listeners:\n"
         "  - {name: a, bind: \"127.0.0.1:1883\", websocket: {path: /mqtt}}\n",
         "mortise.yaml:2:50  listeners/0/websocket: this listener is not for WebSocket; add transport: "
         "websocket, "
         "or remove it\n"},
        {"a_websocket_path_without_its_slash",
         "listeners:\n"
         "  - {name: a, bind: \"127.0.0.1:1883\", transport: websocket, websocket: {path: mqtt}}\n",
         "mortise.yaml:2:79  listeners/0/websocket/path: \"mqtt\" is not a path; begin it with a slash, such "
         "as "
         "/mqtt, without ? and #\n"},
        {"proxies_without_a_header",
         "listeners:\n"
         "  - {name: a, bind: \"127.0.0.1:1883\", proxies: [10.0.0.0/8]}\n",
         "mortise.yaml:2:49  listeners/0/proxies: no PROXY header is read from them; add proxy_protocol: "
         "required, "
         "or optional\n"},
        {"a_header_of_nobody_on_a_listener_without_a_name",
         "listeners:\n"
         "  - {bind: \"127.0.0.1:1883\", proxy_protocol: required}\n",
         "mortise.yaml:2:5  missing key \"name\"; add it, such as name: local\n"
         "mortise.yaml:2:12  missing key \"proxies\"; list the networks whose PROXY header is believed, such "
         "as "
         "proxies: [10.0.0.0/8]\n"},
        {"a_header_of_nobody_on_a_listener_without_its_keys",
         "listeners:\n"
         "  - {proxy_protocol: required}\n",
         "mortise.yaml:2:5  missing key \"name\"; add it, such as name: local\n"
         "mortise.yaml:2:5  missing key \"bind\"; add it, such as bind: 127.0.0.1:1883\n"},
        {"a_header_of_nobody",
         "listeners:\n"
         "  - {name: a, bind: \"127.0.0.1:1883\", proxy_protocol: required}\n",
         "mortise.yaml:2:12  missing key \"proxies\"; list the networks whose PROXY "
         "header "
         "is believed, such as proxies: [10.0.0.0/8]\n"},
        {"the_same_bind_twice",
         "listeners:\n"
         "  - {name: a, bind: \"127.0.0.1:1883\"}\n"
         "  - {name: b, bind: \"127.0.0.1:1883\"}\n",
         "mortise.yaml:3:21  listeners/1/bind: \"127.0.0.1:1883\" is taken; line 2 listens on "
         "\"127.0.0.1:1883\"; choose another port\n"},
        {"one_address_spelled_in_two_ways",
         "listeners:\n"
         "  - {name: a, bind: \"[::1]:1883\"}\n"
         "  - {name: b, bind: \"[0:0:0:0:0:0:0:1]:1883\"}\n",
         "mortise.yaml:3:21  listeners/1/bind: \"[0:0:0:0:0:0:0:1]:1883\" is taken; line 2 listens on "
         "\"[::1]:1883\"; choose another port\n"},
        {"a_bind_that_another_one_covers",
         "listeners:\n"
         "  - {name: a, bind: \"*:1883\"}\n"
         "  - {name: b, bind: \"127.0.0.1:1883\"}\n",
         "mortise.yaml:3:21  listeners/1/bind: \"127.0.0.1:1883\" is taken; line 2 listens on \"*:1883\"; "
         "choose another port\n"},
        {"a_listener_name_twice",
         "listeners:\n"
         "  - {name: a, bind: \"127.0.0.1:1883\"}\n"
         "  - {name: a, bind: \"127.0.0.1:1884\"}\n",
         "mortise.yaml:3:12  listeners/1/name: the name \"a\" is taken; line 2 has it already; give this one "
         "another\n"},
        {"a_listener_name_with_a_space",
         "listeners:\n"
         "  - {name: my listener, bind: \"127.0.0.1:1883\"}\n",
         "mortise.yaml:2:12  listeners/0/name: \"my listener\" is not a name; use 1 to 64 letters, digits, "
         "and - _ .\n"},
        {"a_listener_that_is_a_word",
         "listeners:\n"
         "  - local\n",
         "mortise.yaml:2:5  listeners/0: \"local\" is not a map; write keys with values below it, or leave "
         "it out\n"},
        {"an_unknown_answer_to_anonymous",
         "listeners:\n"
         "  - {name: a, bind: \"127.0.0.1:1883\", anonymous: true}\n",
         "mortise.yaml:2:50  listeners/0/anonymous: \"true\" is not one of deny, allow\n"},
        {"anonymous_clients_from_everywhere",
         "listeners:\n"
         "  - {name: a, bind: \"*:1883\", anonymous: allow}\n",
         "mortise.yaml:2:21  warning: listeners/0/bind: whoever reaches \"*:1883\" gets in without a name; "
         "fine in a closed network; else remove anonymous: allow and list an authenticating plugin\n"},
        {"an_unknown_version",
         "listeners:\n"
         "  - {name: a, bind: \"127.0.0.1:1883\", versions: [3.2, 5]}\n",
         "mortise.yaml:2:50  listeners/0/versions/0: \"3.2\" is not one of 3.1, 3.1.1, 5.0, did you mean "
         "\"3.1\"?\n"
         "mortise.yaml:2:55  listeners/0/versions/1: \"5\" is not one of 3.1, 3.1.1, 5.0, did you mean "
         "\"5.0\"?\n"},
        {"a_version_twice",
         "listeners:\n"
         "  - {name: a, bind: \"127.0.0.1:1883\", versions: [5.0, \"5.0\"]}\n",
         "mortise.yaml:2:55  listeners/0/versions/1: \"5.0\" is listed twice; remove one\n"},
        {"no_version",
         "listeners:\n"
         "  - {name: a, bind: \"127.0.0.1:1883\", versions: []}\n",
         "mortise.yaml:2:49  listeners/0/versions: this list is empty; write at least one element\n"},
        {"a_version_not_in_a_list",
         "listeners:\n"
         "  - {name: a, bind: \"127.0.0.1:1883\", versions: 5.0}\n",
         "mortise.yaml:2:49  listeners/0/versions: \"5.0\" is not a list; write its elements in [ ], or "
         "below it with a dash each\n"},
        {"an_authenticator_nobody_listed",
         "listeners:\n"
         "  - {name: a, bind: \"127.0.0.1:1883\", authenticate: [usres]}\n"
         "plugins: [{name: users, library: auth-file}]\n",
         "mortise.yaml:2:54  listeners/0/authenticate/0: no plugin is named \"usres\", did you mean "
         "\"users\"?\n"},
        {"an_authenticator_without_any_plugin",
         "listeners:\n"
         "  - {name: a, bind: \"127.0.0.1:1883\", authenticate: [users]}\n",
         "mortise.yaml:2:54  listeners/0/authenticate/0: no plugin is named \"users\"; list it under "
         "plugins\n"},
        {"an_empty_list_of_authenticators",
         "listeners:\n"
         "  - {name: a, bind: \"127.0.0.1:1883\", authenticate: []}\n",
         "mortise.yaml:2:53  listeners/0/authenticate: this list is empty; write at least one element\n"},
    }),
    row_name<Row>);

INSTANTIATE_TEST_SUITE_P(
    plugins, BadFile,
    testing::ValuesIn(std::vector<Row>{
        {"a_plugin_name_twice",
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n"
         "plugins:\n"
         "  - {name: log, library: log}\n"
         "  - {name: log, library: log}\n",
         "mortise.yaml:4:12  plugins/1/name: the name \"log\" is taken; line 3 has it already; give this one "
         "another\n"},
        {"a_plugin_name_with_a_slash",
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n"
         "plugins: [{name: a/b, library: log}]\n",
         "mortise.yaml:2:18  plugins/0/name: \"a/b\" is not a name; use 1 to 64 letters, digits, and - _ "
         ".\n"},
        {"a_plugin_name_too_long",
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n"
         "plugins: [{name: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx, library: "
         "log}]\n",
         "mortise.yaml:2:18  plugins/0/name: "
         "\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…\" is not a name; use 1 to 64 "
         "letters, digits, and - _ .\n"},
        {"required_that_is_no_flag",
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n"
         "plugins: [{name: log, library: log, required: yes}]\n",
         "mortise.yaml:2:47  plugins/0/required: \"yes\" is not a yes or no; write true or false, without "
         "quotes\n"},
        {"a_hook_priority_that_is_no_number",
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n"
         "plugins: [{name: log, library: log, hooks: {observe: {priority: first}}}]\n",
         "mortise.yaml:2:65  plugins/0/hooks/observe/priority: \"first\" is not a whole number; write one "
         "from -1000000 to 1000000\n"},
        {"an_unknown_fallback",
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n"
         "plugins: [{name: log, library: log, hooks: {observe: {fallback: ignore}}}]\n",
         "mortise.yaml:2:65  plugins/0/hooks/observe/fallback: \"ignore\" is not one of allow, deny, pass\n"},
        {"a_hook_deadline_of_nothing",
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n"
         "plugins: [{name: log, library: log, hooks: {observe: {deadline: 0s}}}]\n",
         "mortise.yaml:2:65  plugins/0/hooks/observe/deadline: 0s is not between 1ms and 1h\n"},
        {"hook_filters_that_are_empty",
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n"
         "plugins: [{name: log, library: log, hooks: {observe: {filters: []}}}]\n",
         "mortise.yaml:2:64  plugins/0/hooks/observe/filters: this list is empty; write at least one "
         "element\n"},
        {"a_hook_that_is_a_word",
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n"
         "plugins: [{name: log, library: log, hooks: {observe: always}}]\n",
         "mortise.yaml:2:54  plugins/0/hooks/observe: \"always\" is not a map; write keys with values below "
         "it, or leave it out\n"},
        {"grants_that_are_no_list",
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n"
         "plugins: [{name: log, library: log, grants: all}]\n",
         "mortise.yaml:2:45  plugins/0/grants: \"all\" is not a list; write its elements in [ ], or below it "
         "with a dash each\n"},
        {"strict_grants_left_out",
         "kernel: {grants: strict}\n"
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n"
         "plugins: [{name: log, library: log}]\n",
         "mortise.yaml:3:18  missing key \"grants\"; kernel/grants is strict: list what the plugin may use; "
         "with [] mortise check tells what it needs\n"},
        {"plugins_that_are_no_list",
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n"
         "plugins: {log: {}}\n",
         "mortise.yaml:2:10  plugins: a map is not a list; write its elements in [ ], or below it with a "
         "dash each\n"},
        {"an_environment_variable_that_is_not_set",
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n"
         "plugins: [{name: log, library: log, config: {path: \"${NOWHERE}/x\"}}]\n",
         "mortise.yaml:2:52  plugins/0/config/path: the environment variable \"NOWHERE\" is not set; set it, "
         "or write $${ for the characters themselves\n"},
        {"what_could_not_be_expanded_is_told_once",
         "kernel: {threads: \"${NOWHERE}\"}\n"
         "listeners:\n"
         "  - {name: a, bind: \"${NOWHERE}\", authenticate: [\"${NOWHERE}\"]}\n"
         "  - {name: b, bind: \"127.0.0.1\"}\n",
         "mortise.yaml:1:19  kernel/threads: the environment variable \"NOWHERE\" is not set; set it, or "
         "write "
         "$${ for the characters themselves\n"
         "mortise.yaml:3:21  listeners/0/bind: the environment variable \"NOWHERE\" is not set; set it, or "
         "write $${ for the characters themselves\n"
         "mortise.yaml:3:50  listeners/0/authenticate/0: the environment variable \"NOWHERE\" is not set; "
         "set "
         "it, or write $${ for the characters themselves\n"
         "mortise.yaml:4:21  listeners/1/bind: \"127.0.0.1\" has no port; add it, such as 127.0.0.1:1883\n"},
        {"an_expansion_left_open",
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n"
         "plugins: [{name: log, library: log, config: {path: \"${HOME\"}}]\n",
         "mortise.yaml:2:52  plugins/0/config/path: \"${HOME\" has no closing brace; add the }, or write "
         "$${\n"},
        {"an_expansion_that_names_nothing",
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n"
         "plugins: [{name: log, library: log, config: {path: \"${a-b}\"}}]\n",
         "mortise.yaml:2:52  plugins/0/config/path: \"${a-b}\" names no variable; write ${NAME}, "
         "${file:PATH}, or $${ for the characters themselves\n"},
        {"an_expansion_of_a_file_that_is_not_there",
         "listeners: [{name: a, bind: \"127.0.0.1:1883\"}]\n"
         "plugins: [{name: log, library: log, config: {secret: \"${file:/nonexistent/secret}\"}}]\n",
         "mortise.yaml:2:54  plugins/0/config/secret: the file \"/nonexistent/secret\" cannot be read; check "
         "that it is there and readable\n"},
    }),
    row_name<Row>);

INSTANTIATE_TEST_SUITE_P(
    together, BadFile,
    testing::ValuesIn(std::vector<Row>{
        {"all_findings_come_in_one_run_in_the_order_of_the_file",
         "kernel:\n"
         "  threads: 0\n"
         "  limits:\n"
         "    paket_size: 2MiB\n"
         "    packet_size: 2GB\n"
         "  threads: 1\n"
         "listeners:\n"
         "  - name: local\n"
         "    bind: *:1883\n"
         "    versions: [4]\n"
         "  - name: local\n"
         "    bind: \"127.0.0.1:99999\"\n"
         "plugins:\n"
         "  - name: log\n"
         "    config: {path: \"${NOWHERE}\"}\n"
         "---\n"
         "more: 1\n",
         "mortise.yaml:2:12  kernel/threads: 0 is not between 1 and 64; or write auto\n"
         "mortise.yaml:4:5  unknown key \"paket_size\", did you mean \"packet_size\"?\n"
         "mortise.yaml:5:18  kernel/limits/packet_size: \"2GB\" has the unknown unit \"GB\", did you mean "
         "\"GiB\"?\n"
         "mortise.yaml:6:3  duplicate key \"threads\"; line 2 has it already\n"
         "mortise.yaml:9:11  *:1883 is taken for an alias, because it begins with *; quote this: \"*:1883\"\n"
         "mortise.yaml:10:16  listeners/0/versions/0: \"4\" is not one of 3.1, 3.1.1, 5.0\n"
         "mortise.yaml:11:11  listeners/1/name: the name \"local\" is taken; line 8 has it already; give "
         "this one another\n"
         "mortise.yaml:12:11  listeners/1/bind: port 99999 is not between 1 and 65535\n"
         "mortise.yaml:14:5  missing key \"library\"; add it, such as library: log\n"
         "mortise.yaml:15:20  plugins/0/config/path: the environment variable \"NOWHERE\" is not set; set "
         "it, or write $${ for the characters themselves\n"
         "mortise.yaml:16:1  a second document begins here; a configuration is one document; remove the "
         "---\n"},
    }),
    row_name<Row>);

}  // namespace
}  // namespace mortise::config
