// Any bytes, over several connections, in any pieces, into a broker with two healthy clients: they must not
// notice, and the books must balance.
//
// An input is a script (script.hpp). What has to hold after it: each healthy message was heard by both
// healthy clients, once; each attacker's connection is closed or was answered; when everybody has gone,
// nothing is charged any more.
#include <array>
#include <optional>

#include "core_world.hpp"
#include "healthy.hpp"
#include "mqtt/frame.hpp"
#include "script.hpp"

namespace mortise::fuzz {
namespace {

using conformance::CoreWorld;
using conformance::World;
using mqtt::Qos;
using mqtt::Version;

// No input takes longer than these allow.
constexpr int commands_max = 256;
constexpr int openings_max = 16;
constexpr int exchanges_max = 8;
constexpr int turns_max = 1000;
constexpr std::chrono::seconds time_to_connect{6};  // a second more than the broker gives

conformance::BrokerSettings settings_of(std::uint8_t bits) {
  conformance::BrokerSettings settings;
  if (bits & with_plugin) settings["rehearsed_plugin"] = 1;
  if (bits & narrow)
    settings.insert({{"receive_maximum", 2},
                     {"inflight_maximum", 2},
                     {"packet_size", 512},
                     {"topic_levels", 4},
                     {"topic_alias_maximum", 2},
                     {"retry_interval", 1}});
  return settings;
}

class Healthies {
 public:
  Healthies(World& world, const std::string& secret)
      : clients_{Healthy{world, {Version::v5_0, "anna", secret, false}},
                 Healthy{world, {Version::v3_1_1, "bert", secret, true}}} {
    listen();
  }

  void exchange() {
    for (const Qos qos : {Qos::at_most_once, Qos::at_least_once, Qos::exactly_once})
      for (Healthy& client : clients_) said_.push_back(client.say(qos));
    listen();
    for (const Healthy& client : clients_) {
      promise(client.is_answered(), "a healthy client is answered");
      for (const std::string& payload : said_)
        promise(client.heard(payload) == 1, "a healthy client's message is heard once: " + payload);
    }
  }
  void disconnect() {
    for (Healthy& client : clients_) client.disconnect();
  }

 private:
  void listen() {
    for (int turn = 0; turn < turns_max; ++turn) {
      bool any = false;
      for (Healthy& client : clients_) any = client.listen() || any;
      if (!any) return;
    }
    promise(false, "the healthy clients' conversation comes to an end");
  }
  std::array<Healthy, 2> clients_;
  std::vector<std::string> said_;
};

class Attackers {
 public:
  Attackers(CoreWorld& world, Healthies& healthies) : world_{world}, healthies_{healthies} {}

  void play(Bytes script) {
    for (std::size_t i = 0; i < script.size(); ++i) {
      if (script[i] != mark || i + 1 == script.size()) {
        unsent_.push_back(script[i]);
        continue;
      }
      const std::uint8_t word = script[++i];
      if (word == mark)
        unsent_.push_back(mark);
      else if (++commands_ <= commands_max)
        obey(static_cast<Command>(word));
    }
    send();
    end();
  }

 private:
  void obey(Command command) {
    send();
    switch (command) {
      case Command::first_connection:
      case Command::second_connection:
      case Command::third_connection: at_ = static_cast<std::size_t>(command); break;
      case Command::cut: break;
      case Command::open: connection(); break;
      case Command::drop: drop(); break;
      case Command::wait_1_s: world_.wait(std::chrono::seconds{1}); break;
      case Command::wait_100_s: world_.wait(std::chrono::seconds{100}); break;
      case Command::exchange:
        if (++exchanges_ <= exchanges_max) healthies_.exchange();
        break;
      case Command::connect_3_1: connect({.version = Version::v3_1, .clean_start = true}); break;
      case Command::connect_3_1_1: connect({.version = Version::v3_1_1, .clean_start = true}); break;
      case Command::connect_5_0: connect({.version = Version::v5_0, .clean_start = true}); break;
      case Command::connect_kept:
        connect({.version = Version::v5_0,
                 .will = mqtt::Will{.topic = "w", .qos = Qos::exactly_once, .retain = true, .delay_s = 2},
                 .session_expiry_s = 3600,
                 .topic_alias_maximum = 2});
        break;
    }
  }

  void connect(mqtt::Connect packet) {
    const std::string name = "mallory-" + std::to_string(at_);
    packet.client_id = name;
    mqtt::encode(packet, unsent_);
    send();
  }

  // Where what is sent goes; opened anew when the broker has closed it. Empty: there were too many.
  std::optional<World::Connection> connection() {
    auto& current = slots_[at_];
    if (current && world_.is_closed(*current)) current.reset();
    if (!current && all_.size() < openings_max) all_.emplace_back(*(current = world_.open()));
    return current;
  }

  void send() {
    const std::vector<std::uint8_t> bytes = std::exchange(unsent_, {});
    if (bytes.empty()) return;
    if (const auto to = connection()) world_.send(*to, exact(bytes));
  }

  void drop() {
    auto& current = slots_[at_];
    if (current) world_.drop(*current), dropped_.push_back(*current);
    current.reset();
  }

  void end() {
    world_.wait(time_to_connect);
    for (const World::Connection connection : all_) {
      std::vector<std::uint8_t> answers;
      while (world_.receive(connection, answers, World::Hope::unlikely)) {}
      const bool dropped = std::ranges::find(dropped_, connection) != dropped_.end();
      promise(dropped || world_.is_closed(connection) || !answers.empty(),
              "an attacker's connection is closed or answered");
      for (Bytes rest = answers; !rest.empty();) {
        const auto frame = mqtt::read_frame(rest, SIZE_MAX);
        promise(frame && frame->size != 0, "what an attacker is sent are whole packets");
        rest = rest.subspan(frame->size);
      }
    }
  }

  CoreWorld& world_;
  Healthies& healthies_;
  std::array<std::optional<World::Connection>, 3> slots_;
  std::size_t at_ = 0;
  std::vector<World::Connection> all_, dropped_;
  std::vector<std::uint8_t> unsent_;
  int commands_ = 0;
  int exchanges_ = 0;
};

}  // namespace
}  // namespace mortise::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mortise;
  using namespace mortise::fuzz;
  if (size == 0) return 0;
  const Bytes input{data, size};
  CoreWorld world{
      settings_of(input[0]), (input[0] & two_loops) != 0 ? 2U : 1U,
      (input[0] & stored) != 0 ? conformance::Storage::durable_at_once : conformance::Storage::none};
  Healthies healthies{world, "s" + std::to_string(digest(input))};
  healthies.exchange();
  Attackers{world, healthies}.play(input.subspan(1));
  healthies.exchange();
  healthies.disconnect();
  world.end();
  return 0;
}
