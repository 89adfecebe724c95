#include "player.hpp"

#include "client_packet.hpp"
#include "server_packet.hpp"
#include "vocabulary.hpp"

namespace mortise::conformance {

using mqtt::PacketType;
using mqtt::ReasonCode;

namespace {

// Whether a packet of the broker names the packet it answers.
bool has_id(PacketType type) {
  return (type >= PacketType::puback && type <= PacketType::pubcomp) || type == PacketType::suback ||
         type == PacketType::unsuback;
}

}  // namespace

void Player::play() {
  for (const Step& step : transcript_.steps)
    if (!step.only || step.only == version_) {
      step_ = &step;
      ++steps_;
      play(step);
    }
  for (auto& [name, actor] : actors_) {
    actor_ = actor.get();
    make_sure();
    if (actor_->next(World::Hope::unlikely)) fail("nothing more until the end of the transcript");
  }
}

void Player::play(const Step& step) {
  if (!step.actor.empty()) {
    auto& actor = actors_[step.actor];
    if (!actor) actor = std::make_unique<Actor>(world_, version_, step.actor);
    actor_ = actor.get();
    const bool begins =
        std::holds_alternative<Connect>(step.action) || std::holds_alternative<Open>(step.action);
    if (!begins && !actor_->is_open()) fail("the client to have a connection");
  }
  try {
    std::visit([this](const auto& action) { act(action); }, step.action);
  } catch (const BadPacket& bad) {
    fail(std::string{"packets that a server may send, not "} + bad.what());
  }
}

// ---- the client speaks

void Player::act(const Connect& step) {
  if (!actor_->is_open()) actor_->open();
  client_ids_.insert(step.client_id.value_or(actor_->name()));
  if (step.will && step.will->retain) retained_topics_.insert(step.will->topic);
  if (!send_and_answer(packet_of(step, version_, actor_->name())))
    expect_reply(PacketType::connack, {}, {ReasonCode::success});
}

void Player::act(const Subscribe& step) {
  const std::uint16_t id = id_to_send(step.id);
  if (send_and_answer(packet_of(step, version_, id), std::to_string(id))) return;
  std::vector<ReasonCode> granted;
  for (const Filter& filter : step.filters) granted.push_back(static_cast<ReasonCode>(filter.qos));
  expect_reply(PacketType::suback, std::to_string(id), std::move(granted));
}

void Player::act(const Unsubscribe& step) {
  const std::uint16_t id = id_to_send(step.id);
  if (send_and_answer(packet_of(step, version_, id), std::to_string(id))) return;
  expect_reply(PacketType::unsuback, std::to_string(id),
               std::vector<ReasonCode>(step.filters.size(), ReasonCode::success));
}

void Player::act(const Publish& step) {
  if (step.retain) retained_topics_.insert(step.topic);
  const std::uint16_t id = step.qos == 0 ? std::uint16_t{0} : id_to_send(step.id);
  const std::string number = std::to_string(id);
  if (send_and_answer(packet_of(step, version_, id), number)) return;
  if (step.qos == 0) return make_sure();
  if (step.qos == 1) return expect_reply(PacketType::puback, number, {ReasonCode::success});
  expect_reply(PacketType::pubrec, number, {ReasonCode::success});
  actor_->send(packet_of(Acknowledge{PacketType::pubrel, {}, {}}, version_, id));
  expect_reply(PacketType::pubcomp, number, {ReasonCode::success});
}

void Player::act(const Acknowledge& step) {
  const std::uint16_t id = id_to_send(step.id);
  if (!send_and_answer(packet_of(step, version_, id), std::to_string(id))) make_sure();
}

void Player::act(const Ping&) {
  if (!send_and_answer(pingreq())) expect_reply(PacketType::pingresp, {}, {});
}

void Player::act(const Disconnect& step) {
  if (send_and_answer(packet_of(step, version_))) return;
  expect_the_end();
  actor_->forget();
}

void Player::act(const Auth& step) { send_and_answer(packet_of(step)); }

void Player::act(const Open&) { actor_->open(); }

void Player::act(const Drop&) { actor_->drop(); }

void Player::act(const Send& step) { send_and_answer({step.bytes.begin(), step.bytes.end()}); }

void Player::act(const Wait& step) { world_.wait(step.time); }

bool Player::send_and_answer(const std::vector<std::uint8_t>& bytes, const IdWord& id) {
  actor_->send(bytes);
  if (!step_->answer) return false;
  if (const auto* expected = std::get_if<Expected>(&*step_->answer)) {
    Expected reply = *expected;
    if (reply.id.empty() && has_id(reply.type)) reply.id = id;
    expect_reply(std::move(reply));
  } else if (std::holds_alternative<ExpectClosed>(*step_->answer)) {
    expect_the_end();
    actor_->forget();
  }
  return true;
}

std::uint16_t Player::id_to_send(const IdWord& word) {
  if (word.empty()) return actor_->fresh_id();
  const auto number = actor_->number_of(word);
  if (!number) fail("a packet identifier that was called " + word);
  return static_cast<std::uint16_t>(std::stoul(*number));
}

// ---- the broker speaks

void Player::expect_reply(PacketType type, const IdWord& id, std::vector<ReasonCode> reasons) {
  Expected expected;
  expected.type = type;
  expected.id = id;
  expected.reasons = std::move(reasons);
  expect_reply(std::move(expected));
}

void Player::expect_reply(Expected expected) {
  expected.unordered = true;
  act(expected);
}

void Player::act(const Expected& expected) {
  if (expected.type == PacketType::disconnect && version_ != mqtt::Version::v5_0) {
    expect_the_end();  // 3.1.1 knows no DISCONNECT from a server
    return actor_->forget();
  }
  if (expected.unordered) {
    const auto found = actor_->find([&](const Expected& received) { return fits(expected, received); });
    if (!found) fail(to_text(expected));
    return matched(expected, *found);
  }
  const Expected* next = actor_->next(World::Hope::expected);
  if (!next || !fits(expected, *next)) fail(to_text(expected));
  matched(expected, actor_->take());
}

void Player::matched(const Expected& expected, const Expected& received) {
  if (!expected.id.empty()) actor_->name_id(expected.id, received.id);
  if (expected.type == PacketType::publish && !expected.unanswered) acknowledge(received);
  const bool refused = expected.type == PacketType::connack && mqtt::is_error(received.reasons[0]);
  if (expected.type == PacketType::connack && !refused) actor_->enter();
  if (expected.type == PacketType::disconnect || refused) {
    expect_the_end();
    actor_->forget();
  }
}

bool Player::fits(const Expected& expected, const Expected& received) const {
  if (!is_as_expected(expected, received, version_, world_.slack_s())) return false;
  const auto number = actor_->number_of(expected.id);
  return !number || number->empty() || *number == received.id;
}

void Player::acknowledge(const Expected& received) {
  if (received.qos == 0) return;
  const auto id = static_cast<std::uint16_t>(std::stoul(received.id));
  const PacketType type = received.qos == 1 ? PacketType::puback : PacketType::pubrec;
  actor_->send(packet_of(Acknowledge{type, {}, {}}, version_, id));
  if (received.qos == 1) return make_sure();
  expect_reply(PacketType::pubrel, received.id, {ReasonCode::success});
  actor_->send(packet_of(Acknowledge{PacketType::pubcomp, {}, {}}, version_, id));
  make_sure();
}

void Player::act(const ExpectNothing&) {
  make_sure();
  if (actor_->next(World::Hope::unlikely)) fail("nothing");
}

void Player::act(const ExpectClosed&) {
  expect_the_end();
  actor_->forget();
}

void Player::expect_the_end() {
  if (!actor_->ends() || actor_->next(World::Hope::expected)) fail("the end of the connection");
}

void Player::make_sure() {
  if (!world_.needs_pings() || !actor_->is_connected()) return;
  actor_->send(pingreq());
  actor_->find([](const Expected& received) { return received.type == PacketType::pingresp; });
}

void Player::fail(const std::string& expected) const {
  throw Mismatch{transcript_.file + ":" + std::to_string(step_->line) + "  MQTT " +
                 std::string{word_of(version_)} + ", " + actor_->name() + ": expected " + expected +
                 "; there was " + actor_->unread()};
}

// ---- afterwards

void Player::tidy() {
  for (auto& [name, actor] : actors_)
    if (actor->is_open()) actor->drop();
  Actor tidier{world_, mqtt::Version::v5_0, "tidier"};
  const auto connect = [&](const std::string& client_id) {
    Connect step;
    step.client_id = client_id;
    step.clean_start = true;
    tidier.open();
    tidier.send(packet_of(step, mqtt::Version::v5_0, client_id));
    const Expected* answer = tidier.next(World::Hope::expected);
    return answer && answer->type == PacketType::connack && !mqtt::is_error(answer->reasons[0]);
  };
  // Sessions first: the end of one may send a will.
  for (const std::string& client_id : client_ids_)
    if (connect(client_id))
      tidier.drop();
    else
      tidier.forget();
  if (retained_topics_.empty() || !connect("tidier")) return;
  for (const std::string& topic : retained_topics_) {
    Publish step;
    step.topic = topic;
    step.qos = 1;
    step.retain = true;
    tidier.send(packet_of(step, mqtt::Version::v5_0, tidier.fresh_id()));
    tidier.find([](const Expected& received) { return received.type == PacketType::puback; });
  }
  tidier.drop();
}

}  // namespace mortise::conformance
