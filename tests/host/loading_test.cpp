// Libraries that are no plugins, plugins that refuse, files that are wrong:
// one clear line for each, and no start.
#include <gtest/gtest.h>

#include <thread>

#include "host/rig.hpp"

namespace mortise::host {
namespace {

struct Row {
  std::string name;
  std::string library;
  std::vector<std::string> said;  // parts of the only line
  friend void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }
};

class BadLibrary : public testing::TestWithParam<Row> {};

TEST_P(BadLibrary, is_named_with_what_is_wrong) {
  Rig rig{"  - {name: a, library: " + GetParam().library + "}"};
  const auto findings = rig.load();
  ASSERT_EQ(1U, findings.size()) << text_of(findings);
  EXPECT_EQ(config::Severity::error, findings[0].severity);
  const std::string line = findings[0].to_text();
  EXPECT_EQ(0U, line.find("mortise.yaml:3:")) << line;
  EXPECT_NE(std::string::npos, line.find("\"a\"")) << line;
  for (const std::string& part : GetParam().said)
    EXPECT_NE(std::string::npos, line.find(part)) << part << " in " << line;
}

INSTANTIATE_TEST_SUITE_P(
    Loading, BadLibrary,
    testing::ValuesIn(std::vector<Row>{
        // what is wrong                      library              what the line says
        {"nowhere_to_be_found", "nowhere", {"no plugin library \"nowhere\"", "/nowhere.so", "plugin_path"}},
        {"an_absolute_path_without_a_file", "/nowhere/x.so", {"no file /nowhere/x.so"}},
        {"a_text_file", "text", {"text.so", "cannot be opened"}},
        {"an_undefined_symbol", "odd_undefined", {"odd_undefined.so", "nobody_defines_this"}},
        {"no_entry", "odd_name", {"odd_name.so", "exports no mortise_plugin_entry"}},
        {"an_entry_that_is_code", "odd_function", {"odd_function.so", "mortise_plugin_entry is not data"}},
        {"wrong_magic", "odd_magic", {"odd_magic.so", "MORTISE_MAGIC"}},
        {"another_major", "odd_major", {"needs plugin ABI 2.0", "this broker has 1.0"}},
        {"a_newer_minor", "odd_minor", {"needs plugin ABI 1.99", "this broker has 1.0", "update the broker"}},
        {"an_entry_too_short", "odd_size", {"an entry of 16 bytes"}},
        {"no_descriptor", "odd_no_descriptor", {"no whole descriptor"}},
        {"no_start", "odd_without_start", {"lacks one of create, start"}},
        {"an_extension_twice", "odd_twice", {"lists mortise.reload/1 twice"}},
        {"a_table_too_short", "odd_short_table", {"mortise.authorise/1", "too short"}},
        {"a_psk_table_without_its_function", "odd_psk_without_find", {"mortise.psk/1", "lacks a function"}},
        {"a_verb_that_is_no_word", "odd_verbs", {"lists the verb \"two words\"", "mortise.control/1"}},
        {"a_schema_that_is_none", "odd_schema", {"the JSON Schema in ", "odd_schema.so is broken"}},
    }),
    [](const auto& row) { return row.param.name; });

TEST_P(BadLibrary, stops_nobody_who_does_not_require_it) {
  Rig rig{"  - {name: a, library: " + GetParam().library +
          ", required: false}\n  - {name: b, library: sound}"};
  const auto findings = rig.load();
  if (GetParam().name == "a_schema_that_is_none") return;  // it was read, and what it says of itself is wrong
  ASSERT_EQ(1U, findings.size()) << text_of(findings);
  EXPECT_EQ(config::Severity::warning, findings[0].severity);
  EXPECT_NE(std::string::npos, findings[0].text.find("plugin \"a\"")) << findings[0].text;
  EXPECT_NE(std::string::npos, findings[0].text.find("goes on without it")) << findings[0].text;
  EXPECT_EQ("", text_of(rig.host->start()));
  EXPECT_EQ("running", rig.status("b").state);
  EXPECT_TRUE(rig.log.has(findings[0].text)) << rig.log.all();
}

TEST(Loading, what_the_loader_says_comes_without_the_words_around_it) {
  Rig rig{"  - {name: a, library: text}"};
  const auto findings = rig.load();
  ASSERT_EQ(1U, findings.size()) << text_of(findings);
  EXPECT_EQ(0U, findings[0].text.find("plugin \"a\": the library cannot be opened: /")) << findings[0].text;
  EXPECT_EQ(std::string::npos, findings[0].text.find("dlerror")) << findings[0].text;
  EXPECT_EQ(std::string::npos, findings[0].text.find("descriptor")) << findings[0].text;
  EXPECT_EQ("is it a plugin built for this machine?", findings[0].remedy);
}

TEST(Loading, a_sound_library_loads_without_a_word) {
  Rig rig{"  - {name: a, library: sound}"};
  EXPECT_EQ("", text_of(rig.load()));
  EXPECT_EQ("configured", rig.status().state);
  EXPECT_EQ("org.mortise.test.odd", rig.status().id);
}

TEST(Loading, all_findings_of_all_plugins_come_at_once) {
  Rig rig{"  - {name: a, library: odd_magic}\n  - {name: b, library: nowhere}\n  - {name: c, library: text}"};
  EXPECT_EQ(3U, rig.load().size());
}

TEST(Loading, a_name_given_twice_is_an_error_at_the_second) {
  const std::vector<config::Plugin> twins = [] {
    std::vector<config::Plugin> plugins(2);
    for (std::size_t i = 0; i < 2; ++i) {
      plugins[i].name = {"a", {"mortise.yaml", static_cast<int>(i) + 3, 12}};
      plugins[i].library = {"sound", {"mortise.yaml", static_cast<int>(i) + 3, 24}};
    }
    return plugins;
  }();
  Options options;
  options.plugin_path = {MORTISE_TEST_PLUGINS};
  Host host{options, twins};
  const std::string text = text_of(host.load());
  EXPECT_NE(std::string::npos, text.find("mortise.yaml:4:12  ")) << text;
  EXPECT_NE(std::string::npos, text.find("two plugins named \"a\", the other at mortise.yaml:3:12")) << text;
}

TEST(Loading, two_stores_are_an_error) {
  Rig rig{"  - {name: a, library: puppet_store}\n  - {name: b, library: puppet_store}"};
  const std::string text = text_of(rig.load());
  EXPECT_NE(std::string::npos, text.find("\"b\" provides a store, and so does \"a\"")) << text;
}

TEST(Loading, a_section_for_a_plugin_that_takes_none_is_an_error) {
  Rig rig{"  - {name: a, library: sound, config: {path: x}}"};
  const std::string text = text_of(rig.load());
  EXPECT_NE(std::string::npos, text.find("mortise.yaml:3:40  ")) << text;
  EXPECT_NE(std::string::npos, text.find("takes no configuration")) << text;
}

TEST(Loading, an_unknown_key_names_its_place_and_the_nearest_one) {
  Rig rig{"  - name: a\n    library: puppet\n    config:\n      pth: x\n      limit: 0"};
  const auto findings = rig.load();
  ASSERT_EQ(2U, findings.size()) << text_of(findings);
  EXPECT_EQ("mortise.yaml:6:7  unknown key \"pth\", did you mean \"path\"?", findings[0].to_text());
  EXPECT_EQ(0U, findings[1].to_text().find("mortise.yaml:7:14  plugins/0/config/limit: "))
      << findings[1].to_text();
}

TEST(Loading, a_plugin_names_a_place_in_its_configuration) {
  Rig rig{"  - name: a\n    library: puppet\n    config:\n      list:\n        - one\n        - one"};
  rig.strings().configure = [](const mortise_node_t*, const mortise_report_t* report) {
    mortise_finding_t finding{};
    finding.size = sizeof finding;
    finding.level = MORTISE_ERROR;
    finding.json_pointer = {"/list/1", 7};
    finding.text = {"is there twice", 14};
    finding.remedy = {"take one out", 12};
    report->add(report, &finding);
    return mortise_status_t{MORTISE_E_INVALID};
  };
  const auto findings = rig.load();
  ASSERT_EQ(1U, findings.size()) << text_of(findings);
  EXPECT_EQ(8, findings[0].where.line);
  EXPECT_EQ(11, findings[0].where.column);
  EXPECT_EQ("plugins/0/config/list/1", findings[0].key);
  EXPECT_EQ("take one out", findings[0].remedy);
}

TEST(Loading, a_plugin_names_a_place_in_a_file_of_its_own) {
  Rig rig{"  - {name: a, library: puppet}"};
  rig.strings().configure = [](const mortise_node_t*, const mortise_report_t* report) {
    mortise_finding_t finding{};
    finding.size = sizeof finding;
    finding.level = MORTISE_ERROR;
    finding.text = {"is no hash", 10};
    finding.file = {"users.yaml", 10};
    finding.line = 3;
    finding.column = 9;
    report->add(report, &finding);
    return mortise_status_t{MORTISE_E_INVALID};
  };
  EXPECT_EQ("users.yaml:3:9  plugin \"a\": is no hash\n", text_of(rig.load()));
}

TEST(Loading, what_the_wrapper_is_thrown_has_its_place_and_its_key) {
  Rig rig{"  - name: a\n    library: thrower\n    config:\n      path: x"};
  EXPECT_EQ("mortise.yaml:6:13  plugins/0/config/path: plugin \"a\": leads nowhere\n", text_of(rig.load()));
}

// What plugins send that were built before the wrapper left an empty text out.
TEST(Loading, an_empty_file_is_no_place) {
  Rig rig{"  - name: a\n    library: puppet\n    config:\n      path: x"};
  rig.strings().configure = [](const mortise_node_t*, const mortise_report_t* report) {
    mortise_finding_t finding{};
    finding.size = sizeof finding;
    finding.level = MORTISE_ERROR;
    finding.json_pointer = {"/path", 5};
    finding.text = {"leads nowhere", 13};
    finding.file = {"", 0};
    report->add(report, &finding);
    return mortise_status_t{MORTISE_E_INVALID};
  };
  EXPECT_EQ("mortise.yaml:6:13  plugins/0/config/path: plugin \"a\": leads nowhere\n", text_of(rig.load()));
}

TEST(Loading, a_refusal_without_a_finding_still_has_a_line) {
  Rig rig{"  - {name: a, library: puppet}"};
  rig.strings().configure = [](auto, auto) { return mortise_status_t{MORTISE_E_IO}; };
  EXPECT_NE(std::string::npos, text_of(rig.load()).find("plugin \"a\": it refuses its configuration"));
}

TEST(Loading, what_create_and_configure_throw_is_a_finding) {
  Rig rig{"  - {name: a, library: puppet}\n  - {name: b, library: puppet}"};
  rig.strings("a").create = []() -> mortise_status_t { throw std::runtime_error{"no"}; };
  rig.strings("b").configure = [](auto, auto) -> mortise_status_t { throw 7; };
  const std::string text = text_of(rig.load());
  EXPECT_NE(std::string::npos, text.find("plugin \"a\": it threw in create(): no")) << text;
  EXPECT_NE(std::string::npos, text.find("plugin \"b\": it threw in configure()")) << text;
  EXPECT_EQ(1U, rig.status("a").faults);
  EXPECT_EQ(1U, rig.status("b").faults);
}

// Not in sanitized builds: what they look for at exit() would be found in a process that was not tidied up.
#ifndef MORTISE_SANITIZED
TEST(LoadingDeathTest, a_plugin_that_ends_the_process_is_named) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        Rig rig{"  - {name: quitter, library: puppet}"};
        rig.strings("quitter").configure = [](auto, auto) -> mortise_status_t { std::exit(3); };
        rig.load();
      },
      testing::ExitedWithCode(3),
      "ended by exit\\(\\) while plugin \"quitter\" was in configure\\(\\) \\(.*puppet.so\\)");
  EXPECT_DEATH(
      {
        Rig rig{"  - {name: thrower, library: puppet}"};
        rig.strings("thrower").start = [](auto, auto) -> mortise_answer_t { std::terminate(); };
        rig.load();
        rig.host->start();
      },
      "plugin \"thrower\" was in start");
}
#endif

TEST(Loading, what_it_was_not_granted_does_not_hide_what_a_plugin_says_of_its_settings) {
  Rig rig{"  - {name: a, library: puppet, grants: [mortise.nonsense/1]}"};
  rig.strings().configure = [](auto, auto) { return mortise_status_t{MORTISE_E_INVALID}; };
  const std::string text = text_of(rig.load());
  EXPECT_NE(std::string::npos, text.find("mortise.nonsense/1")) << text;
  EXPECT_NE(std::string::npos, text.find("it refuses its configuration")) << text;
}

TEST(Loading, a_required_plugin_that_does_not_start_stops_the_start) {
  Rig rig{"  - {name: a, library: puppet}\n  - {name: b, library: puppet}"};
  bool stopped = false;
  rig.strings("a").stop = [&] { stopped = true; };
  rig.strings("b").start = [](auto, auto) -> mortise_answer_t {
    throw std::runtime_error{"the port is taken"};
  };
  ASSERT_EQ("", text_of(rig.load()));
  const auto findings = rig.host->start();
  EXPECT_TRUE(config::has_errors(findings)) << text_of(findings);
  EXPECT_TRUE(stopped);
  EXPECT_EQ("stopped", rig.status("a").state);
}

TEST(Loading, one_that_is_not_required_is_left_out_with_a_warning) {
  Rig rig{"  - {name: a, library: puppet, required: false}\n  - {name: b, library: puppet}"};
  rig.strings("a").start = [](auto, auto) { return mortise_answer_t{MORTISE_DENY}; };
  ASSERT_EQ("", text_of(rig.load()));
  const auto findings = rig.host->start();
  ASSERT_EQ(1U, findings.size());
  EXPECT_EQ(config::Severity::warning, findings[0].severity);
  EXPECT_EQ("stopped", rig.status("a").state);
  EXPECT_EQ("running", rig.status("b").state);
  const std::string line = "mortise.yaml:3:12  warning: plugins/0: plugin \"a\": it refused to start";
  EXPECT_TRUE(eventually([&] { return rig.log.has(line); })) << rig.log.all();
}

TEST(Loading, sinks_start_first_then_the_store_then_the_order_of_the_file_and_stop_is_the_reverse) {
  Rig rig{
      "  - {name: a, library: puppet}\n  - {name: b, library: puppet_store}\n  - {name: c, library: "
      "puppet_sink}\n"
      "  - {name: d, library: puppet}"};
  std::string order;
  for (const std::string name : {"a", "b", "c", "d"}) {
    Strings& strings = rig.strings(name);
    strings.start = [&order, &strings, name](auto, auto) {
      order += name;
      if (name == "b") {
        EXPECT_EQ(MORTISE_OK, strings.attach(MORTISE_STORE));
      }
      return mortise_answer_t{MORTISE_ALLOW};
    };
    rig.strings(name).stop = [&order, name] { order += name; };
  }
  ASSERT_EQ("", text_of(rig.load()));
  ASSERT_EQ("", text_of(rig.host->start()));
  rig.stop();
  EXPECT_EQ("cbaddabc", order);
}

TEST(Loading, a_store_that_is_not_attached_is_an_error) {
  Rig rig{"  - {name: a, library: puppet_store}"};
  ASSERT_EQ("", text_of(rig.load()));
  EXPECT_NE(std::string::npos,
            text_of(rig.host->start()).find("\"a\" provides a store and did not attach it"));
}

TEST(Loading, strict_grants_demand_a_list_and_show_it) {
  Rig rig{"  - {name: a, library: odd_want}",
          [](Options& options) { options.grants = config::GrantPolicy::strict; }};
  const std::string text = text_of(rig.load());
  EXPECT_NE(std::string::npos, text.find("grants: [mortise.host.publish/1]")) << text;
}

TEST(Loading, a_list_of_grants_that_lacks_what_is_needed_is_an_error) {
  Rig rig{"  - {name: a, library: odd_want, grants: [mortise.host.time/1]}"};
  const std::string text = text_of(rig.load());
  EXPECT_NE(std::string::npos, text.find("needs mortise.host.publish/1, which its grants do not list"))
      << text;
  EXPECT_NE(std::string::npos, text.find("does not ask for \"mortise.host.time/1\"")) << text;
}

TEST(Loading, without_a_list_a_plugin_gets_what_it_asks_for_and_the_log_says_so) {
  Rig rig{"  - {name: a, library: odd_want}"};
  ASSERT_EQ("", text_of(rig.load()));
  ASSERT_EQ("", text_of(rig.host->start()));
  EXPECT_EQ("mortise.host.publish/1 (alerts/#)", rig.status().grants);
  EXPECT_TRUE(rig.log.has("grants=mortise.host.publish/1 (alerts/#)")) << rig.log.all();
}

TEST(Loading, the_schemas_defaults_are_in_what_the_plugin_reads) {
  Rig rig{"  - {name: a, library: puppet, config: {span: 250ms, size: 2MiB}}"};
  std::int64_t limit = 0;
  std::uint64_t span = 0, size = 0;
  Strings& strings = rig.strings();
  strings.configure = [&](const mortise_node_t* node, auto) {
    const auto* config = strings.service<mortise_config_t>(MORTISE_HOST_CONFIG);
    EXPECT_EQ(MORTISE_OK, config->integer(config->at(node, "/limit"), &limit));
    EXPECT_EQ(MORTISE_OK, config->duration(config->at(node, "/span"), &span));
    EXPECT_EQ(MORTISE_OK, config->bytes(config->at(node, "/size"), &size));
    EXPECT_EQ(MORTISE_E_UNKNOWN, config->integer(config->at(node, "/path"), &limit));
    EXPECT_EQ(MORTISE_E_INVALID, config->integer(config->at(node, "/span"), &limit));
    EXPECT_EQ(nullptr, strings.service<mortise_hooks_t>(MORTISE_HOST_HOOKS)) << "not open before start";
    return mortise_status_t{MORTISE_OK};
  };
  EXPECT_EQ("", text_of(rig.load()));
  EXPECT_EQ(7, limit);
  EXPECT_EQ(250'000'000U, span);
  EXPECT_EQ(2U * 1024 * 1024, size);
}

TEST(Loading, a_plugin_that_is_ready_later_is_waited_for) {
  Rig rig{"  - {name: a, library: puppet}"};
  Strings& strings = rig.strings();
  std::thread later;
  strings.start = [&](mortise_call_t* call, auto) {
    mortise_token_t token{};
    EXPECT_EQ(MORTISE_OK, strings.host->defer(call, 0, &token));
    later =
        std::thread{[&strings, token] { strings.host->answer(strings.host, token, MORTISE_ALLOW, nullptr); }};
    return mortise_answer_t{MORTISE_PENDING};
  };
  ASSERT_EQ("", text_of(rig.load()));
  EXPECT_EQ("", text_of(rig.host->start()));
  EXPECT_EQ("running", rig.status().state);
  later.join();
}

TEST(Loading, a_plugin_that_never_gets_ready_is_given_up) {
  Rig rig{"  - {name: a, library: puppet}",
          [](Options& options) { options.start_patience = std::chrono::milliseconds{20}; }};
  Strings& strings = rig.strings();
  strings.start = [&](mortise_call_t* call, auto) {
    mortise_token_t token{};
    strings.host->defer(call, 0, &token);
    return mortise_answer_t{MORTISE_PENDING};
  };
  ASSERT_EQ("", text_of(rig.load()));
  EXPECT_NE(std::string::npos, text_of(rig.host->start()).find("it did not get ready"));
}

TEST(Loading, at_a_reload_each_instance_keeps_what_it_had_if_it_refuses) {
  Rig rig{"  - {name: a, library: puppet}\n  - {name: b, library: puppet}"};
  int plans = 0;
  bool a_committed = false;
  rig.strings("a").prepare = [](const mortise_report_t* report, void**) {
    mortise_finding_t finding{};
    finding.size = sizeof finding;
    finding.level = MORTISE_ERROR;
    finding.text = {"is no YAML", 10};
    finding.file = {"users.yaml", 10};
    finding.line = 4;
    report->add(report, &finding);
    return mortise_status_t{MORTISE_E_INVALID};
  };
  rig.strings("a").commit = [&](void*) { a_committed = true; };
  rig.strings("b").prepare = [&](auto, void** plan) { return *plan = &plans, mortise_status_t{MORTISE_OK}; };
  rig.strings("b").commit = [&](void* plan) { ++*static_cast<int*>(plan); };
  rig.run();
  const auto renewed = rig.host->reload_files();
  ASSERT_EQ(2U, renewed.size());
  EXPECT_EQ("plugin \"a\"", renewed[0].owner);
  EXPECT_FALSE(renewed[0].is_taken);
  EXPECT_EQ(std::vector<std::string>{"users.yaml:4:0  plugin \"a\": is no YAML"}, renewed[0].findings);
  EXPECT_EQ("plugin \"b\"", renewed[1].owner);
  EXPECT_TRUE(renewed[1].is_taken);
  EXPECT_FALSE(a_committed);
  EXPECT_EQ(1, plans);
  const std::string log = rig.log.all();
  const auto refused = log.find("plugin \"a\" did not take its new files; what it had before stays in force");
  EXPECT_LT(log.find("users.yaml:4"), refused) << log;
  EXPECT_NE(std::string::npos, refused) << log;
  EXPECT_TRUE(rig.log.has("plugins=b")) << "those that took theirs, and no others: " << log;
}

TEST(Loading, a_reload_of_plugins_that_read_no_files_says_so) {
  Rig rig{"  - {name: a, library: passing}"};
  rig.run();
  EXPECT_TRUE(rig.host->reload_files().empty());
  EXPECT_TRUE(rig.log.has("no plugin read its files again")) << rig.log.all();
}

}  // namespace
}  // namespace mortise::host
