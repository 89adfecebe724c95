#include "host/rig.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <thread>

#include "host/alarm_clock.hpp"
#include "mqtt/frame.hpp"

namespace mortise::host {

namespace {

Rig* current = nullptr;

Strings* find_strings(const char* instance, std::size_t size) { return &current->strings({instance, size}); }

base::Now read_clocks(PostedLoops& loops) { return {monotonic_now(), loops.wall()}; }

}  // namespace

bool eventually(const std::function<bool()>& holds) {
  const auto give_up = std::chrono::steady_clock::now() + patience;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > give_up) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
  return true;
}

void PostedLoops::post(std::uint32_t, std::function<void(broker::Broker&)> task) {
  const std::lock_guard lock{mutex_};
  tasks_.push_back(std::move(task));
}
void PostedLoops::wake_all() {}

std::size_t PostedLoops::run(broker::Broker& broker) {
  std::vector<std::function<void(broker::Broker&)>> tasks;
  {
    const std::lock_guard lock{mutex_};
    tasks.swap(tasks_);
  }
  for (const auto& task : tasks) task(broker);
  return tasks.size();
}
void PostedLoops::clear() {
  const std::lock_guard lock{mutex_};
  tasks_.clear();
}

void PlainLog::write(const LogLine& line) {
  const std::lock_guard lock{mutex_};
  text_ += line.plain() + '\n';
}
bool PlainLog::has(const std::string& part) { return all().find(part) != std::string::npos; }
std::string PlainLog::all() {
  const std::lock_guard lock{mutex_};
  return text_;
}

Rig::Rig(const std::string& plugins, const std::function<void(Options&)>& edit) {
  current = this;
  std::array<char, 32> address{};
  std::snprintf(address.data(), address.size(), "%llx",
                static_cast<unsigned long long>(reinterpret_cast<std::uintptr_t>(&find_strings)));
  ::setenv("MORTISE_TEST_STRINGS", address.data(), 1);
  const std::string text = "listeners: [{name: local, bind: 127.0.0.1:1883}]\nplugins:\n" + plugins + "\n";
  const auto reading = config::read_settings_text(text, "mortise.yaml", config::process_environment());
  EXPECT_EQ("", text_of(reading.findings));
  Options options;
  options.config_dir = "/";
  options.state_dir = "/";
  options.plugin_path = {MORTISE_TEST_PLUGINS};
  options.plain_log = [this](const LogLine& line) { log.write(line); };
  if (edit) edit(options);
  host = std::make_unique<Host>(options, reading.settings.plugins);
}

Rig::~Rig() {
  stop();
  loops.clear();
  broker.reset();
  shared.reset();
  host.reset();
  current = nullptr;
}

Strings& Rig::strings(const std::string& instance) {
  auto& strings = strings_[instance];
  if (!strings) strings = std::make_unique<Strings>();
  return *strings;
}

void Rig::run() {
  ASSERT_EQ("", text_of(host->load()));
  ASSERT_EQ("", text_of(host->start()));
  broker::Options options = broker_options;
  if (!host->store()) options.acknowledge_default = options.session_store = broker::Level::memory;
  shared = std::make_unique<broker::Shared>(options, 1, host->store(), host->hooks(), host->log());
  host->connect(*shared, loops);
  broker = std::make_unique<broker::Broker>(*shared, 0, read_clocks(loops));
  if (host->store()) {
    broker::Restorer restorer{*shared};
    ASSERT_EQ("", host->restore(restorer));
    broker->begin_turn(read_clocks(loops));
    restorer.finish({broker.get()}, read_clocks(loops));
    broker->end_turn();
    // Nobody can connect before numbers are reserved; a store that answers by hand is asked later.
    turn_until([&] { return shared->journal.line(broker::Level::synced) >= 1; });
  }
  turn();
}

void Rig::stop() { host->stop(); }

Rig::Client& Rig::connect(const std::string& client_id, const std::string& username,
                          const std::string& password, mqtt::Version version, std::uint32_t session_expiry_s,
                          bool clean_start) {
  mqtt::Connect packet;
  packet.version = version;
  packet.clean_start = clean_start;
  packet.client_id = client_id;
  packet.session_expiry_s = session_expiry_s;
  if (!username.empty()) packet.username = username;
  if (!password.empty())
    packet.password = mqtt::Bytes{reinterpret_cast<const std::uint8_t*>(password.data()), password.size()};
  return connect(packet);
}

Rig::Client& Rig::connect(const mqtt::Connect& packet) {
  auto& client = *clients_.emplace_back(std::make_unique<Client>());
  client.version = packet.version;
  turn();
  client.key = broker->on_open(listener, "10.0.0.17:50122");
  send(client, packet);
  return client;
}

void Rig::publish(Client& client, const std::string& topic, const std::string& payload, mqtt::Qos qos,
                  bool retain) {
  mqtt::Publish packet;
  packet.topic = topic;
  packet.payload = {reinterpret_cast<const std::uint8_t*>(payload.data()), payload.size()};
  packet.qos = qos;
  packet.retain = retain;
  if (qos != mqtt::Qos::at_most_once) packet.packet_id = ++last_packet_id_;
  send(client, packet);
}

void Rig::subscribe(Client& client, const std::string& filter, mqtt::Qos qos) {
  mqtt::Subscribe packet;
  packet.packet_id = ++last_packet_id_;
  packet.entries.push_back({filter, {qos, false, false, mqtt::RetainHandling::send}});
  send(client, packet);
}

void Rig::lose(Client& client) {
  broker->on_lost(client.key);
  turn();
}

void Rig::send(Client& client, const mqtt::Packet& packet) {
  mqtt::encode(packet, client.version, client.unread);
  turn();
}

void Rig::turn() {
  host->begin_turn(0);
  broker->begin_turn(read_clocks(loops));
  if (shared->journal.has_store())
    broker->on_stored(shared->journal.line(broker::Level::written),
                      shared->journal.line(broker::Level::synced));
  loops.run(*broker);
  for (const auto& client : clients_) {
    if (client->unread.empty() || !broker->wants_input(client->key)) continue;
    const auto consumed = broker->on_input(client->key, client->unread);
    client->unread.erase(client->unread.begin(),
                         client->unread.begin() + static_cast<std::ptrdiff_t>(consumed.bytes));
  }
  host->on_resumed(0, *broker);
  broker->end_turn();
  host->on_output(0, *broker);
  host->end_turn(0);
  broker->effects().clear();
  for (const auto& client : clients_) read_output(*client);
}

bool Rig::turn_until(const std::function<bool()>& holds) {
  return eventually([&] {
    turn();
    return holds();
  });
}

void Rig::read_output(Client& client) {
  broker::Output* output = broker->output(client.key);
  if (!output) return;
  mqtt::Buffer bytes;
  std::array<std::span<const std::uint8_t>, 64> parts;
  while (!output->empty()) {
    std::size_t size = 0;
    const std::size_t count = output->gather(parts);
    for (std::size_t i = 0; i < count; ++i) {
      bytes.insert(bytes.end(), parts[i].begin(), parts[i].end());
      size += parts[i].size();
    }
    broker->on_written(client.key, *output, size);
  }
  for (mqtt::Bytes rest = bytes; !rest.empty();) {
    const auto frame = mqtt::read_frame(rest, 1 << 28);
    ASSERT_TRUE(frame && frame->size != 0);
    client.received.emplace_back(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(frame->size));
    rest = rest.subspan(frame->size);
  }
}

namespace {

// Each packet of a client that `read` makes something of.
template <class Result, class Read>
std::vector<Result> collect(Rig::Client& client, Read read) {
  std::vector<Result> results;
  for (const mqtt::Buffer& bytes : client.received) {
    const auto frame = mqtt::read_frame(bytes, 1 << 28);
    const auto packet = mqtt::decode(*frame, client.version);
    if (!packet) {
      ADD_FAILURE() << packet.error().what;
      continue;
    }
    read(*packet, frame->type, results);
  }
  return results;
}

}  // namespace

std::vector<int> Rig::reasons(Client& client, mqtt::PacketType wanted) {
  return collect<int>(client,
                      [&](const mqtt::Packet& packet, mqtt::PacketType type, std::vector<int>& results) {
                        if (type != wanted) return;
                        std::visit(
                            [&](const auto& one) {
                              if constexpr (requires { one.reason; })
                                results.push_back(static_cast<int>(one.reason));
                              if constexpr (requires { one.reasons; })
                                for (const auto reason : one.reasons)
                                  results.push_back(static_cast<int>(reason));
                            },
                            packet);
                      });
}

std::vector<std::string> Rig::messages(Client& client) {
  return collect<std::string>(
      client, [](const mqtt::Packet& packet, mqtt::PacketType, std::vector<std::string>& results) {
        if (const auto* message = std::get_if<mqtt::Publish>(&packet))
          results.push_back(std::string{message->topic} + '=' +
                            std::string{message->payload.begin(), message->payload.end()});
      });
}

Host::Status Rig::status(const std::string& instance) const {
  for (const Host::Status& one : host->status())
    if (one.name == instance) return one;
  return {};
}

std::string text_of(const std::vector<config::Finding>& findings) {
  std::string text;
  for (const config::Finding& finding : findings) text += finding.to_text() + '\n';
  return text;
}

}  // namespace mortise::host
