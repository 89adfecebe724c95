// A host with puppets, a real broker behind it, and clients whose packets are written by hand.
//
// Thread: the test's is control thread and loop in one; what others post waits for the next turn.
// Owns:   everything but the strings.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "broker/broker.hpp"
#include "broker/output.hpp"
#include "config/settings_reader.hpp"
#include "host/alarm_clock.hpp"
#include "host/host.hpp"
#include "host/log_line.hpp"
#include "mqtt/decode.hpp"
#include "mqtt/encode.hpp"
#include "plugins/puppet.hpp"

namespace mortise::host {

inline constexpr std::chrono::seconds patience{
    20};  // for what other threads do; reached by failing tests only

// Waits until `holds`, for as long as patience allows.
bool eventually(const std::function<bool()>& holds);

class PostedLoops : public Loops {
 public:
  void post(std::uint32_t loop, std::function<void(broker::Broker&)> task) override;
  void wake_all() override;
  base::WallTime wall() override { return machine_wall_now() + ahead; }
  base::Duration ahead{};  // how far the brokers' time is ahead of the machine's
  // Runs what waits; how many.
  std::size_t run(broker::Broker& broker);
  // Forgets what never got its turn.
  void clear();

 private:
  std::mutex mutex_;
  std::vector<std::function<void(broker::Broker&)>> tasks_;
};

// What was logged without a sink.
class PlainLog {
 public:
  void write(const LogLine& line);
  bool has(const std::string& part);
  std::string all();

 private:
  std::mutex mutex_;
  std::string text_;
};

class Rig {
 public:
  // `plugins` is the list of the YAML, one entry a line, such as "- {name: a, library: puppet}".
  explicit Rig(const std::string& plugins, const std::function<void(Options&)>& edit = {});
  ~Rig();

  // The strings of an instance; set them before load().
  Strings& strings(const std::string& instance = "a");
  std::vector<config::Finding> load() { return host->load(); }
  // load, start, connect; a finding fails the test.
  void run();
  void stop();

  // ---- clients
  struct Client {
    broker::ClientKey key;
    mqtt::Version version = mqtt::Version::v5_0;
    mqtt::Buffer unread;
    std::vector<mqtt::Buffer> received;
  };
  // Has connected, unless a hook is against it; the CONNACK is in `received` when it was answered.
  Client& connect(const std::string& client_id, const std::string& username = {},
                  const std::string& password = {}, mqtt::Version version = mqtt::Version::v5_0,
                  std::uint32_t session_expiry_s = 0, bool clean_start = true);
  Client& connect(const mqtt::Connect& packet);
  void send(Client& client, const mqtt::Packet& packet);
  void publish(Client& client, const std::string& topic, const std::string& payload,
               mqtt::Qos qos = mqtt::Qos::at_least_once, bool retain = false);
  void subscribe(Client& client, const std::string& filter, mqtt::Qos qos = mqtt::Qos::at_most_once);
  void lose(Client& client);
  // One turn: what was posted, what is unread, what is to be written.
  void turn();
  // Turns until `holds`.
  bool turn_until(const std::function<bool()>& holds);

  // The reason codes the packets of one type carried that a client got.
  std::vector<int> reasons(Client& client, mqtt::PacketType type);
  // "topic=payload" of each PUBLISH it got.
  std::vector<std::string> messages(Client& client);

  broker::Listener listener{.name = "local", .anonymous = true};
  broker::Options broker_options;  // for run()
  PlainLog log;
  PostedLoops loops;
  std::unique_ptr<Host> host;
  std::unique_ptr<broker::Shared> shared;
  std::unique_ptr<broker::Broker> broker;
  Host::Status status(const std::string& instance = "a") const;

 private:
  void read_output(Client& client);

  std::map<std::string, std::unique_ptr<Strings>> strings_;
  std::vector<std::unique_ptr<Client>> clients_;
  mqtt::PacketId last_packet_id_ = 0;
};

// The texts of findings, a line each.
std::string text_of(const std::vector<config::Finding>& findings);

}  // namespace mortise::host
