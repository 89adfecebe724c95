// What a good file means: values, defaults, places. Bad files are in bad_file_test.cpp.
#include "config/settings_reader.hpp"

#include <filesystem>
#include <fstream>

#include "row.hpp"

namespace mortise::config {
namespace {

using namespace std::chrono_literals;

TEST(settings, defaults_are_those_of_the_manual) {
  const auto [settings, findings, file, plugins_known] = reading_of(one_listener);
  ASSERT_EQ(texts(findings), "");
  const Kernel& kernel = settings.kernel;
  EXPECT_EQ(kernel.threads, std::nullopt);
  EXPECT_TRUE(kernel.plugin_path.empty());
  EXPECT_EQ(kernel.limits.connections, 100'000u);
  EXPECT_EQ(kernel.limits.packet_size, 2 * mebibyte);
  EXPECT_EQ(kernel.limits.connect_timeout, 5s);
  EXPECT_EQ(kernel.limits.hook_time, 1ms);
  EXPECT_EQ(kernel.limits.topic_levels, 64u);
  EXPECT_EQ(kernel.limits.memory, 512 * mebibyte);
  EXPECT_EQ(kernel.limits.half_open, 1'000u);
  EXPECT_EQ(kernel.limits.connect_packet_size, 128 * kibibyte);
  EXPECT_EQ(kernel.limits.topic_length, 65'535u);
  EXPECT_EQ(kernel.limits.filters, 1'000u);
  EXPECT_EQ(kernel.limits.write_buffer, 128 * kibibyte);
  EXPECT_FALSE(kernel.limits.connections_per_address || kernel.limits.connect_rate_per_address ||
               kernel.limits.connect_rate_per_client || kernel.limits.publish_rate ||
               kernel.limits.publish_bytes);
  EXPECT_FALSE(kernel.retained.messages || kernel.retained.bytes || kernel.retained.payload);
  EXPECT_EQ(kernel.session.subscriptions, 100'000u);
  EXPECT_EQ(kernel.session.expiry_maximum, 168h);
  EXPECT_EQ(kernel.session.receive_maximum, 64);
  EXPECT_EQ(kernel.session.inflight_maximum, 64);
  EXPECT_EQ(kernel.session.topic_alias_maximum, 64);
  EXPECT_EQ(kernel.session.retry_interval, 0s);
  EXPECT_FALSE(kernel.session.response_information);
  EXPECT_EQ(kernel.session.keep_alive_maximum, 18h);
  EXPECT_FALSE(kernel.session.store);
  EXPECT_EQ(kernel.session.queue.messages, 100'000u);
  EXPECT_EQ(kernel.session.queue.bytes, 64 * mebibyte);
  EXPECT_EQ(kernel.session.queue.overflow, Overflow::drop_oldest);
  EXPECT_EQ(kernel.store.pending, 32 * mebibyte);
  EXPECT_EQ(kernel.store.resident, 64 * mebibyte);
  EXPECT_EQ(kernel.store.stall, 30s);
  EXPECT_EQ(kernel.store.on_failure, OnStoreFailure::refuse);
  EXPECT_FALSE(kernel.acknowledge);
  EXPECT_EQ(kernel.grants, GrantPolicy::as_asked);
  EXPECT_TRUE(settings.plugins.empty());
  ASSERT_EQ(settings.listeners.size(), 1u);
  EXPECT_EQ(settings.listeners[0].anonymous, Anonymous::deny);
  EXPECT_EQ(settings.listeners[0].versions, (std::vector{Version::v3_1, Version::v3_1_1, Version::v5_0}));
  EXPECT_FALSE(settings.listeners[0].authenticate);
}

TEST(settings, every_kernel_setting_arrives) {
  const auto [settings, findings, file, plugins_known] = reading_of(
      "kernel:\n"
      "  threads: 3\n"
      "  limits: {connections: 5, packet_size: 256MiB, connect_timeout: 250ms, topic_levels: 7,\n"
      "    memory: 64MiB, connections_per_address: 6, connect_rate_per_address: 8, connect_rate_per_client: "
      "9,\n"
      "    half_open: 10, connect_packet_size: 2KiB, topic_length: 11, filters: 12, publish_rate: 13,\n"
      "    publish_bytes: 14KiB, write_buffer: 16KiB, hook_time: 21ms}\n"
      "  retained: {messages: 17, bytes: 18, payload: 19}\n"
      "  session:\n"
      "    {expiry_maximum: 1h, receive_maximum: 1, inflight_maximum: 65535, keep_alive_maximum: 5m, store: "
      "written,\n"
      "     topic_alias_maximum: 0, retry_interval: 20s, response_information: \"answers/%c\",\n"
      "     subscriptions: 20, queue: {messages: 9, bytes: 4096, overflow: disconnect}}\n"
      "  store: {pending: 1MiB, resident: 0, stall: 10s, on_failure: memory}\n"
      "  grants: strict\n" +
      std::string{one_listener});
  ASSERT_EQ(texts(findings), "");
  const Kernel& kernel = settings.kernel;
  EXPECT_EQ(kernel.threads, 3u);
  EXPECT_EQ(kernel.limits.connections, 5u);
  EXPECT_EQ(kernel.limits.packet_size, 256 * mebibyte);
  EXPECT_EQ(kernel.limits.connect_timeout, 250ms);
  EXPECT_EQ(kernel.limits.topic_levels, 7u);
  EXPECT_EQ(kernel.limits.memory, 64 * mebibyte);
  EXPECT_EQ(kernel.limits.connections_per_address, 6u);
  EXPECT_EQ(kernel.limits.connect_rate_per_address, 8u);
  EXPECT_EQ(kernel.limits.connect_rate_per_client, 9u);
  EXPECT_EQ(kernel.limits.half_open, 10u);
  EXPECT_EQ(kernel.limits.connect_packet_size, 2 * kibibyte);
  EXPECT_EQ(kernel.limits.topic_length, 11u);
  EXPECT_EQ(kernel.limits.filters, 12u);
  EXPECT_EQ(kernel.limits.publish_rate, 13u);
  EXPECT_EQ(kernel.limits.publish_bytes, 14 * kibibyte);
  EXPECT_EQ(kernel.limits.write_buffer, 16 * kibibyte);
  EXPECT_EQ(kernel.limits.hook_time, 21ms);
  EXPECT_EQ(kernel.retained.messages, 17u);
  EXPECT_EQ(kernel.retained.bytes, 18u);
  EXPECT_EQ(kernel.retained.payload, 19u);
  EXPECT_EQ(kernel.session.subscriptions, 20u);
  EXPECT_EQ(kernel.session.expiry_maximum, 1h);
  EXPECT_EQ(kernel.session.receive_maximum, 1);
  EXPECT_EQ(kernel.session.inflight_maximum, 65'535);
  EXPECT_EQ(kernel.session.topic_alias_maximum, 0);
  EXPECT_EQ(kernel.session.retry_interval, 20s);
  EXPECT_EQ(kernel.session.response_information, "answers/%c");
  EXPECT_EQ(kernel.session.keep_alive_maximum, 5min);
  EXPECT_EQ(kernel.session.store->value, Durability::written);
  EXPECT_EQ(kernel.session.store->where.line, 9);
  EXPECT_EQ(kernel.session.queue.messages, 9u);
  EXPECT_EQ(kernel.session.queue.bytes, 4096u);
  EXPECT_EQ(kernel.session.queue.overflow, Overflow::disconnect);
  EXPECT_EQ(kernel.store.pending, mebibyte);
  EXPECT_EQ(kernel.store.resident, 0u);
  EXPECT_EQ(kernel.store.stall, 10s);
  EXPECT_EQ(kernel.store.on_failure, OnStoreFailure::memory);
  EXPECT_EQ(kernel.grants, GrantPolicy::strict);
}

TEST(settings, a_listener_may_offer_less) {
  const auto [settings, findings, file, plugins_known] = reading_of(
      "listeners:\n"
      "  - {name: a, bind: \"127.0.0.1:1883\", versions: [3.1, 5.0], maximum_qos: 1, retain: false,\n"
      "     wildcard_subscriptions: false, subscription_identifiers: false, shared_subscriptions: false,\n"
      "     check_payload_format: true,\n"
      "     limits: {connections: 3, packet_size: 4KiB, publish_rate: 5, publish_bytes: 6KiB},\n"
      "     mount_point: site/%u/}\n"
      "  - {name: b, bind: \"127.0.0.1:1884\"}\n");
  ASSERT_EQ(texts(findings), "");
  const Listener& less = settings.listeners[0];
  EXPECT_EQ(less.versions, (std::vector{Version::v3_1, Version::v5_0}));
  EXPECT_EQ(less.maximum_qos, 1);
  EXPECT_FALSE(less.retain || less.wildcard_subscriptions || less.subscription_identifiers ||
               less.shared_subscriptions);
  EXPECT_TRUE(less.check_payload_format);
  EXPECT_EQ(less.limits.connections, 3u);
  EXPECT_EQ(less.limits.packet_size, 4 * kibibyte);
  EXPECT_EQ(less.limits.publish_rate, 5u);
  EXPECT_EQ(less.limits.publish_bytes, 6 * kibibyte);
  EXPECT_EQ(less.mount_point->value, "site/%u/");
  const Listener& all = settings.listeners[1];
  EXPECT_FALSE(all.mount_point);
  EXPECT_FALSE(all.check_payload_format);
  EXPECT_FALSE(all.limits.connections || all.limits.packet_size || all.limits.publish_rate ||
               all.limits.publish_bytes);
  EXPECT_EQ(all.maximum_qos, 2);
  EXPECT_TRUE(all.retain && all.wildcard_subscriptions && all.subscription_identifiers &&
              all.shared_subscriptions);
}

TEST(settings, unlimited_is_an_empty_value) {
  const auto [settings, findings, file, plugins_known] = reading_of(
      "kernel:\n"
      "  threads: auto\n"
      "  limits: {connections: unlimited}\n"
      "  session: {expiry_maximum: unlimited, keep_alive_maximum: unlimited,\n"
      "            queue: {messages: unlimited, bytes: unlimited}}\n"
      "  store: {stall: unlimited}\n" +
      std::string{one_listener});
  ASSERT_EQ(texts(findings), "");
  EXPECT_FALSE(settings.kernel.threads);
  EXPECT_FALSE(settings.kernel.limits.connections);
  EXPECT_FALSE(settings.kernel.session.expiry_maximum);
  EXPECT_FALSE(settings.kernel.session.keep_alive_maximum);
  EXPECT_FALSE(settings.kernel.session.queue.messages);
  EXPECT_FALSE(settings.kernel.session.queue.bytes);
  EXPECT_FALSE(settings.kernel.store.stall);
}

TEST(settings, acknowledge_classes_keep_their_order_and_their_places) {
  const auto [settings, findings, file, plugins_known] = reading_of(
      "kernel:\n"
      "  acknowledge:\n"
      "    - {topics: [\"a/#\", \"b/+\"], after: memory}\n"
      "    - {topics: [\"#\"], after: synced}\n" +
      std::string{one_listener});
  ASSERT_EQ(texts(findings), "");
  ASSERT_TRUE(settings.kernel.acknowledge);
  EXPECT_EQ(settings.kernel.acknowledge->where.line, 3);
  const auto& classes = settings.kernel.acknowledge->value;
  ASSERT_EQ(classes.size(), 2u);
  EXPECT_EQ(classes[0].topics[1].value, "b/+");
  EXPECT_EQ(classes[0].topics[1].where.to_text(), "mortise.yaml:3:24");
  EXPECT_EQ(classes[0].after.value, Durability::memory);
  EXPECT_EQ(classes[1].after.value, Durability::synced);
}

TEST(settings, listeners_arrive_in_the_order_of_the_file) {
  const auto [settings, findings, file, plugins_known] = reading_of(
      "listeners:\n"
      "  - {name: b, bind: \"[::1]:1884\", anonymous: allow, versions: [5.0]}\n"
      "  - {name: a, bind: \"*:1883\", versions: [\"5.0\", 3.1.1], authenticate: [tokens, users]}\n"
      "plugins: [{name: users, library: auth-file}, {name: tokens, library: auth-token}]\n");
  ASSERT_EQ(texts(findings), "");
  ASSERT_EQ(settings.listeners.size(), 2u);
  EXPECT_EQ(settings.listeners[0].name.value, "b");
  EXPECT_EQ(settings.listeners[0].bind.value.address, "::1");
  EXPECT_EQ(settings.listeners[0].anonymous, Anonymous::allow);
  EXPECT_EQ(settings.listeners[0].versions, std::vector{Version::v5_0});
  EXPECT_EQ(settings.listeners[1].bind.value.port, 1883);
  EXPECT_EQ(settings.listeners[1].bind.where.to_text(), "mortise.yaml:3:21");
  EXPECT_EQ(settings.listeners[1].versions, (std::vector{Version::v5_0, Version::v3_1_1}));
  ASSERT_TRUE(settings.listeners[1].authenticate);
  EXPECT_EQ(settings.listeners[1].authenticate->front().value, "tokens");
}

TEST(settings, tls_arrives_with_its_files_and_where_they_are_named) {
  const auto [settings, findings, file, plugins_known] = reading_of(
      "listeners:\n"
      "  - name: public\n"
      "    bind: \"*:8883\"\n"
      "    tls:\n"
      "      certificate: server.pem\n"
      "      key: /etc/server.key\n"
      "      certificates: [{certificate: b.pem, key: b.key}]\n"
      "      client_ca: ca\n"
      "      crl: crl.pem\n"
      "      verify: optional\n"
      "      identity: common_name\n"
      "      minimum_version: 1.3\n"
      "      curves: X25519\n"
      "  - {name: plain, bind: \"[::1]:1883\"}\n");
  ASSERT_EQ(texts(findings), "");
  EXPECT_FALSE(settings.listeners.at(1).tls);
  ASSERT_TRUE(settings.listeners.at(0).tls);
  const Tls& tls = settings.listeners.at(0).tls->value;
  EXPECT_EQ(tls.certificate->value, settings.folder / "server.pem");
  EXPECT_EQ(tls.key->value, "/etc/server.key");
  EXPECT_EQ(tls.key->where.to_text(), "mortise.yaml:6:12");
  ASSERT_EQ(tls.certificates.size(), 1u);
  EXPECT_EQ(tls.certificates[0].key.value, settings.folder / "b.key");
  EXPECT_EQ(tls.client_ca->value, settings.folder / "ca");
  EXPECT_EQ(tls.crl->value, settings.folder / "crl.pem");
  EXPECT_EQ(tls.verify.value, Verify::optional);
  EXPECT_EQ(tls.identity.value, CertificateIdentity::common_name);
  EXPECT_EQ(tls.minimum_version, TlsVersion::v1_3);
  EXPECT_FALSE(tls.ciphers || tls.cipher_suites);
  EXPECT_EQ(tls.curves->value, "X25519");
  EXPECT_FALSE(tls.psk);
}

TEST(settings, keys_of_clients_need_no_certificate) {
  const auto [settings, findings, file, plugins_known] = reading_of(
      "listeners:\n"
      "  - {name: a, bind: \"*:8883\", tls: {psk: {}}}\n"
      "  - {name: b, bind: \"*:8884\", tls: {psk: {identity: username, hint: cellar},\n"
      "     certificate: server.pem, key: server.key}}\n");
  ASSERT_EQ(texts(findings), "");
  const Tls& alone = settings.listeners.at(0).tls->value;
  EXPECT_FALSE(alone.certificate || alone.key);
  ASSERT_TRUE(alone.psk);
  EXPECT_EQ(alone.psk->value.identity, PskIdentity::none);
  EXPECT_FALSE(alone.psk->value.hint);
  const Tls& beside = settings.listeners.at(1).tls->value;
  ASSERT_TRUE(beside.psk && beside.certificate && beside.key);
  EXPECT_EQ(beside.psk->where.to_text(), "mortise.yaml:3:42");
  EXPECT_EQ(beside.psk->value.identity, PskIdentity::username);
  EXPECT_EQ(beside.psk->value.hint->value, "cellar");
}

TEST(settings, listeners_beyond_plain_tcp_arrive_with_their_parts) {
  const auto [settings, findings, file, plugins_known] = reading_of(
      "listeners:\n"
      "  - {name: a, bind: \"unix:run/a.sock\", mode: \"0600\", owner: mqtt, group: \"104\"}\n"
      "  - {name: b, bind: systemd:web, transport: websocket,\n"
      "     websocket: {path: /x, origins: [https://a.example], trusted_proxies: [10.0.0.0/8]}}\n"
      "  - {name: c, bind: \"127.0.0.1:1\", transport: websocket, proxy_protocol: optional, proxies: [::1]}\n"
      "  - {name: d, bind: \"127.0.0.1:2\", proxy_protocol: off}\n");
  ASSERT_EQ(texts(findings), "");
  EXPECT_EQ(settings.listeners[0].bind.value.kind, Bind::Kind::unix_socket);
  EXPECT_EQ(settings.listeners[0].bind.value.path, (settings.folder / "run/a.sock").string());
  EXPECT_EQ(settings.listeners[0].mode->value, "0600");
  EXPECT_EQ(settings.listeners[0].owner->value, "mqtt");
  EXPECT_EQ(settings.listeners[0].group->value, "104");
  EXPECT_EQ(settings.listeners[1].bind.value.kind, Bind::Kind::passed);
  EXPECT_EQ(settings.listeners[1].bind.value.name, "web");
  EXPECT_EQ(settings.listeners[1].transport, Transport::websocket);
  EXPECT_EQ(settings.listeners[1].websocket->value.path.value, "/x");
  EXPECT_EQ(settings.listeners[1].websocket->value.origins->front().value, "https://a.example");
  EXPECT_EQ(settings.listeners[1].websocket->value.trusted_proxies.front().value, "10.0.0.0/8");
  EXPECT_FALSE(settings.listeners[2].websocket);
  EXPECT_EQ(settings.listeners[2].proxy_protocol, ProxyProtocol::optional);
  EXPECT_EQ(settings.listeners[2].proxies.front().value, "::1");
  EXPECT_EQ(settings.listeners[3].proxy_protocol, ProxyProtocol::off);
}

TEST(settings, a_plugin_arrives_with_its_hooks_grants_and_own_settings) {
  const auto [settings, findings, file, plugins_known] =
      reading_of(std::string{one_listener} +
                 "plugins:\n"
                 "  - name: uplink\n"
                 "    library: bridge\n"
                 "    required: false\n"
                 "    hooks: {authorise: {priority: -10, filters: [\"a/#\"], deadline: 2s, fallback: deny}, "
                 "observe: {}}\n"
                 "    grants: [\"publish: a/#\"]\n"
                 "    config: {every: 30s, list: [1, {deep: 4}], text: \"7\"}\n");
  ASSERT_EQ(texts(findings), "");
  const Plugin& plugin = settings.plugins.at(0);
  EXPECT_EQ(plugin.name.value, "uplink");
  EXPECT_EQ(plugin.library.value, "bridge");
  EXPECT_FALSE(plugin.required);
  EXPECT_EQ(plugin.hooks.authorise->priority, -10);
  EXPECT_EQ(plugin.hooks.authorise->filters->front().value, "a/#");
  EXPECT_EQ(plugin.hooks.authorise->deadline, 2s);
  EXPECT_EQ(plugin.hooks.authorise->fallback, Fallback::deny);
  EXPECT_TRUE(plugin.hooks.observe);
  EXPECT_FALSE(plugin.hooks.observe->deadline);
  EXPECT_FALSE(plugin.hooks.intercept);
  EXPECT_EQ(plugin.grants->front().value, "publish: a/#");
  EXPECT_EQ(plugin.config.to_json(), R"({"every":"30s","list":[1,{"deep":4}],"text":"7"})");
  EXPECT_EQ(plugin.config.find("/list/1/deep")->where().to_text(), "mortise.yaml:8:43");
}

struct ConfigRow {
  const char* name;
  const char* line;
  const char* json;
};

class PluginConfig : public testing::TestWithParam<ConfigRow> {};

TEST_P(PluginConfig, is_handed_on_as) {
  const auto [settings, findings, file, plugins_known] = reading_of(
      std::string{one_listener} + "plugins:\n  - name: p\n    library: p\n" + GetParam().line, {{"N", "4"}});
  ASSERT_EQ(texts(findings), "");
  EXPECT_EQ(settings.plugins.at(0).config.to_json(), GetParam().json);
}

INSTANTIATE_TEST_SUITE_P(
    settings, PluginConfig,
    testing::ValuesIn(std::vector<ConfigRow>{
        {"left_out_it_is_an_empty_map", "", "{}"},
        {"with_nothing_below_it_is_an_empty_map", "    config:\n", "{}"},
        {"a_list_stays_one", "    config: [1]\n", "[1]"},
        {"a_null_inside_stays_one", "    config: {a: null}\n", R"({"a":null})"},
        {"variables_are_expanded", "    config:\n      a: ${N}\n      b: \"${N}\"\n", R"({"a":4,"b":"4"})"},
        {"off_is_a_text", "    config: {messages: off}\n", R"({"messages":"off"})"},
        {"paths_are_left_alone", "    config: {path: ../x.db}\n", R"({"path":"../x.db"})"},
    }),
    row_name<ConfigRow>);

TEST(settings, relative_paths_start_at_the_folder_of_the_file) {
  const auto reading = read_settings_text(
      "kernel: {plugin_path: [plugins, ../more, /abs/./x]}\n"
      "plugins: [{name: a, library: ./a.so}, {name: b, library: b}, {name: c, library: /abs/c.so}]\n" +
          std::string{one_listener},
      "/etc/mortise/mortise.yaml", variables());
  ASSERT_EQ(texts(reading.findings), "");
  const Settings& settings = reading.settings;
  EXPECT_EQ(settings.file, "/etc/mortise/mortise.yaml");
  EXPECT_EQ(settings.folder, "/etc/mortise");
  EXPECT_EQ(settings.kernel.plugin_path,
            (std::vector<std::filesystem::path>{"/etc/mortise/plugins", "/etc/more", "/abs/x"}));
  EXPECT_EQ(settings.plugins[0].library.value, "/etc/mortise/a.so");
  EXPECT_EQ(settings.plugins[1].library.value, "b");
  EXPECT_EQ(settings.plugins[2].library.value, "/abs/c.so");
}

TEST(settings, a_relative_file_still_gives_absolute_paths) {
  const auto reading = reading_of("kernel: {plugin_path: [plugins]}\n" + std::string{one_listener});
  EXPECT_TRUE(reading.settings.folder.is_absolute());
  EXPECT_TRUE(reading.settings.kernel.plugin_path.at(0).is_absolute());
}

// A folder of its own for each test, gone afterwards.
class OnDisk : public testing::Test {
 protected:
  OnDisk() {
    std::string pattern = (std::filesystem::temp_directory_path() / "mortise-config-XXXXXX").string();
    folder = mkdtemp(pattern.data());
  }
  ~OnDisk() override { std::filesystem::remove_all(folder); }
  void write(const char* name, std::string_view text) {
    std::ofstream{folder / name, std::ios::binary} << text;
  }

  std::filesystem::path folder;
};

TEST_F(OnDisk, a_missing_file_is_named) {
  const auto path = folder / "none.yaml";
  const auto reading = read_settings(path, variables());
  EXPECT_EQ(texts(reading.findings),
            path.string() + "  there is no such file; write it, or name another one with --config\n");
}

TEST_F(OnDisk, a_folder_is_not_a_file) {
  EXPECT_EQ(texts(read_settings(folder, variables()).findings),
            folder.string() + "  this is a folder; name the file in it\n");
}

TEST_F(OnDisk, a_link_to_nothing_is_told_from_a_missing_file) {
  const auto link = folder / "link.yaml";
  std::filesystem::create_symlink("nowhere.yaml", link);
  EXPECT_EQ(texts(read_settings(link, variables()).findings),
            link.string() +
                "  this is a link to \"nowhere.yaml\", which is not there; mend the link, or name "
                "another file with --config\n");
}

// As behind a folder that may not be entered, which root, who runs tests in containers, always may.
TEST_F(OnDisk, a_file_that_cannot_be_reached_is_not_called_missing) {
  const auto link = folder / "round.yaml";
  std::filesystem::create_symlink("round.yaml", link);
  EXPECT_EQ(texts(read_settings(link, variables()).findings),
            link.string() +
                "  this file cannot be reached: Too many levels of symbolic links; check that the "
                "broker may enter the folders it stands in\n");
}

TEST_F(OnDisk, a_file_too_large_is_not_read) {
  write("big.yaml", std::string(4 * mebibyte + 1, '#'));
  EXPECT_EQ(texts(read_settings(folder / "big.yaml", variables()).findings),
            (folder / "big.yaml").string() + "  this file is larger than 4MiB; is it the right one?\n");
}

TEST_F(OnDisk, findings_name_the_file_as_it_was_named) {
  write("bad.yaml", "kernel: {thread: 1}\n" + std::string{one_listener});
  const auto path = folder / "bad.yaml";
  EXPECT_EQ(texts(read_settings(path, variables()).findings),
            path.string() + ":1:10  unknown key \"thread\", did you mean \"threads\"?\n");
}

TEST_F(OnDisk, a_secret_is_read_from_a_file_beside_without_its_line_end) {
  write("secret", "s3cret\r\n");
  write("good.yaml", std::string{one_listener} +
                         "plugins: [{name: p, library: p, config: {password: \"${file:secret}\"}}]\n");
  const auto reading = read_settings(folder / "good.yaml", variables());
  ASSERT_EQ(texts(reading.findings), "");
  EXPECT_EQ(reading.settings.plugins.at(0).config.to_json(), R"({"password":"s3cret"})");
}

TEST(findings, warnings_alone_do_not_stop_a_start) {
  const auto reading = reading_of("listeners: [{name: a, bind: \"*:1883\", anonymous: allow}]\n");
  ASSERT_EQ(reading.findings.size(), 1u);
  EXPECT_EQ(reading.findings[0].severity, Severity::warning);
  EXPECT_FALSE(has_errors(reading.findings));
  EXPECT_TRUE(has_errors(reading_of("").findings));
}

}  // namespace
}  // namespace mortise::config
