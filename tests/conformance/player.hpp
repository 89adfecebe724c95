// Plays one transcript in one version of MQTT against a world, step by step.
//
// Owns: nothing of the world.   Fails: with Mismatch, which names the line, what was expected and what came.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>

#include "transcript.hpp"
#include "world.hpp"

namespace mortise::conformance {

struct Mismatch : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// One client of the transcript: its connection, what came on it, which packet identifiers have names.
class Actor {
 public:
  Actor(World& world, mqtt::Version version, std::string name)
      : world_{world}, version_{version}, name_{std::move(name)} {}

  const std::string& name() const { return name_; }
  bool is_open() const { return connection_.has_value(); }
  void open();
  void drop();
  void forget();  // the connection is gone
  void send(const std::vector<std::uint8_t>& bytes);

  // The next unread packet; null when there is none and none will come.
  const Expected* next(World::Hope hope);
  // The first unread packet that pleases; the others stay. Empty: none, though it was waited for.
  std::optional<Expected> find(const std::function<bool(const Expected&)>& pleases);
  Expected take();
  bool ends();                 // whether the broker closes; what it says before stays unread
  std::string unread() const;  // for people

  // Between its CONNACK and the end.
  bool is_connected() const { return connected_; }
  void enter() { connected_ = true; }

  std::uint16_t fresh_id();
  // The number a word stands for; empty for a name that is not given yet.
  std::optional<std::string> number_of(const IdWord& word) const;
  void name_id(const IdWord& word, const std::string& number) { ids_[word] = number; }

 private:
  bool read_more(World::Hope hope);

  World& world_;
  mqtt::Version version_;
  std::string name_;
  std::optional<World::Connection> connection_;
  bool connected_ = false;
  std::vector<std::uint8_t> bytes_;
  std::deque<Expected> unread_;
  std::map<std::string, std::string> ids_;
  std::uint16_t last_id_ = 100;  // above what transcripts choose by hand
};

class Player {
 public:
  Player(World& world, const Transcript& transcript, mqtt::Version version)
      : world_{world}, transcript_{transcript}, version_{version} {}

  // Every step of this version; then every client has to have read all it was sent.
  void play();
  std::size_t steps() const { return steps_; }
  // Leaves nothing behind in a broker that goes on: sessions and retained messages of the transcript.
  void tidy();

 private:
  void play(const Step& step);
  void act(const Connect& step);
  void act(const Subscribe& step);
  void act(const Unsubscribe& step);
  void act(const Publish& step);
  void act(const Acknowledge& step);
  void act(const Ping& step);
  void act(const Disconnect& step);
  void act(const Auth& step);
  void act(const Open& step);
  void act(const Drop& step);
  void act(const Send& step);
  void act(const Wait& step);
  void act(const Expected& step);
  void act(const ExpectNothing& step);
  void act(const ExpectClosed& step);

  // Sends, and expects what the step says after its arrow. False: it says nothing, so the usual answer is
  // due.
  bool send_and_answer(const std::vector<std::uint8_t>& bytes, const IdWord& id = {});
  // Looks for it among all that has come; what came before it stays unread.
  void expect_reply(Expected expected);
  void expect_reply(mqtt::PacketType type, const IdWord& id, std::vector<mqtt::ReasonCode> reasons);
  void matched(const Expected& expected, const Expected& received);
  void acknowledge(const Expected& received);
  void finish_exactly_once(const std::string& id);
  bool fits(const Expected& expected, const Expected& received) const;
  // The broker has closed, and everything it said before has been read.
  void expect_the_end();
  // What this client sent has been taken in.
  void make_sure();
  std::uint16_t id_to_send(const IdWord& word);
  [[noreturn]] void fail(const std::string& expected) const;

  World& world_;
  const Transcript& transcript_;
  mqtt::Version version_;
  std::map<std::string, std::unique_ptr<Actor>> actors_;
  Actor* actor_ = nullptr;
  const Step* step_ = nullptr;
  std::size_t steps_ = 0;
  std::set<std::string> client_ids_;
  std::set<std::string> retained_topics_;
};

}  // namespace mortise::conformance
