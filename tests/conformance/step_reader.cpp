#include "step_reader.hpp"

#include "vocabulary.hpp"

namespace mortise::conformance {

namespace {

using mqtt::PacketType;

class StepReader {
 public:
  StepReader(Words& words, bool before_5_0) : words_{words}, before_5_0_{before_5_0} {}

  Step read() {
    Step step;
    step.actor = words_.bare("who does something, or wait");
    if (step.actor == "wait") {
      step.actor.clear();
      step.action = wait();
      return step;
    }
    step.action = action();
    if (words_.accept("->")) step.answer = expectation();
    return step;
  }

 private:
  Action action() {
    if (words_.accept("connect")) return connect();
    if (words_.accept("subscribe")) return subscribe();
    if (words_.accept("unsubscribe")) return unsubscribe();
    if (words_.accept("publish")) return publish();
    if (words_.accept("ping")) return Ping{};
    if (words_.accept("disconnect")) return disconnect();
    if (words_.accept("auth")) return auth();
    if (words_.accept("opens")) return Open{};
    if (words_.accept("drop")) return Drop{};
    if (words_.accept("sends")) return send();
    for (const char* verb : {"expects", "receives"})
      if (words_.accept(verb))
        return std::visit([](auto&& expected) -> Action { return std::move(expected); }, expectation());
    const std::string verb = words_.bare("what the client does");
    const auto type = packet_type_of(verb);
    if (type && *type >= PacketType::puback && *type <= PacketType::pubcomp) return acknowledge(*type);
    words_.fail_at_last(
        "a client can connect, subscribe, unsubscribe, publish, ping, disconnect, drop, "
        "open, send, expect, receive, puback, pubrec, pubrel, pubcomp, auth");
  }

  Wait wait() {
    const std::uint32_t seconds = words_.number("how many seconds", 100'000'000);
    if (!words_.accept("s")) words_.fail("write: wait 10 s");
    return {std::chrono::seconds{seconds}};
  }

  Connect connect() {
    Connect connect;
    while (!at_end()) {
      if (words_.accept("as"))
        connect.client_id = words_.quoted("the client identifier");
      else if (words_.accept("clean_start"))
        connect.clean_start = true;
      else if (words_.accept("keep_session"))
        connect.keep_session = true;
      else if (words_.accept("keep_alive"))
        connect.keep_alive_s = static_cast<std::uint16_t>(words_.number("seconds", 65535));
      else if (words_.accept("user"))
        connect.username = words_.quoted("the user name");
      else if (words_.accept("password"))
        connect.password = words_.quoted("the password");
      else if (words_.accept("will"))
        connect.will = will();
      else
        property(connect.properties);
    }
    return connect;
  }

  // Everything behind "will" is the will's.
  Will will() {
    Will will;
    will.topic = words_.quoted("the will's topic");
    will.payload = words_.quoted("the will's payload");
    while (!at_end()) {
      if (words_.accept("qos"))
        will.qos = qos();
      else if (words_.accept("retain"))
        will.retain = true;
      else
        property(will.properties);
    }
    return will;
  }

  Subscribe subscribe() {
    Subscribe subscribe;
    while (!at_end()) {
      if (words_.next_is_quoted())
        subscribe.filters.push_back(filter());
      else if (words_.accept("id"))
        subscribe.id = words_.bare("a packet identifier");
      else
        property(subscribe.properties);
    }
    return subscribe;
  }

  Filter filter() {
    Filter filter;
    filter.text = words_.quoted("a topic filter");
    for (;;) {
      if (words_.accept("qos"))
        filter.qos = qos();
      else if (option("no_local"))
        filter.no_local = true;
      else if (option("retain_as_published"))
        filter.retain_as_published = true;
      else if (option("retain_handling"))
        filter.retain_handling = static_cast<int>(words_.number("a retain handling", 3));
      else
        return filter;
    }
  }

  Unsubscribe unsubscribe() {
    Unsubscribe unsubscribe;
    while (!at_end()) {
      if (words_.next_is_quoted())
        unsubscribe.filters.push_back(words_.quoted("a topic filter"));
      else if (words_.accept("id"))
        unsubscribe.id = words_.bare("a packet identifier");
      else
        property(unsubscribe.properties);
    }
    return unsubscribe;
  }

  Publish publish() {
    Publish publish;
    publish.topic = words_.quoted("the topic");
    publish.payload = words_.quoted("the payload");
    while (!at_end()) {
      if (words_.accept("qos"))
        publish.qos = qos();
      else if (words_.accept("retain"))
        publish.retain = true;
      else if (words_.accept("dup"))
        publish.dup = true;
      else if (words_.accept("id"))
        publish.id = words_.bare("a packet identifier");
      else
        property(publish.properties);
    }
    return publish;
  }

  Acknowledge acknowledge(PacketType type) {
    Acknowledge answer{type, words_.bare("a packet identifier"), {}};
    if (!at_end()) answer.reason = client_reason();
    return answer;
  }

  Disconnect disconnect() {
    Disconnect disconnect;
    if (!at_end() && reason_of(words_.peek())) {
      const bool normal = words_.peek() == "normal_disconnection";
      disconnect.reason = normal ? *reason_of(words_.bare("a reason")) : client_reason();
    }
    while (!at_end()) property(disconnect.properties);
    return disconnect;
  }

  Auth auth() {
    Auth auth{client_reason(), {}};
    while (!at_end()) property(auth.properties);
    return auth;
  }

  Send send() {
    Send send;
    while (!at_end()) {
      if (words_.next_is_quoted()) {
        send.bytes += words_.quoted("bytes");
        continue;
      }
      const auto byte = hex_byte(words_.bare("a byte"));
      if (!byte) words_.fail_at_last("a byte is two hexadecimal digits, several as characters in quotes");
      send.bytes += static_cast<char>(*byte);
    }
    return send;
  }

  Expectation expectation() {
    if (words_.accept("nothing")) return ExpectNothing{};
    if (words_.accept("closed")) return ExpectClosed{};
    Expected expected;
    const auto type = packet_type_of(words_.bare("a packet, nothing or closed"));
    if (!type) words_.fail_at_last("this is no packet");
    expected.type = *type;
    if (*type == PacketType::publish) {
      expected.topic = words_.quoted("the topic");
      expected.payload = words_.quoted("the payload");
    }
    while (!at_end()) expected_word(expected);
    return expected;
  }

  void expected_word(Expected& expected) {
    const bool is_publish = expected.type == PacketType::publish;
    if (words_.accept("unordered")) {
      expected.unordered = true;
    } else if (words_.accept("id")) {
      expected.id = words_.bare("a packet identifier");
    } else if (is_publish && words_.accept("qos")) {
      expected.qos = qos();
    } else if (is_publish && words_.accept("retain")) {
      expected.retain = true;
    } else if (is_publish && words_.accept("dup")) {
      expected.dup = true;
    } else if (is_publish && words_.accept("unanswered")) {
      expected.unanswered = true;
    } else if (expected.type == PacketType::connack && words_.accept("session_present")) {
      expected.session_present = true;
    } else if (words_.accept("no")) {
      if (expected.type == PacketType::connack && words_.accept("session_present"))
        expected.session_present = false;
      else
        expected.absent.push_back(property_id());
    } else if (!is_publish && reason_of(words_.peek())) {
      expected.reasons.push_back(*reason_of(words_.bare("a reason")));
    } else {
      property(expected.properties);
    }
  }

  // ---- parts

  bool at_end() const { return words_.done() || (words_.peek() == "->" && !words_.next_is_quoted()); }
  // Three is what a client must not send: transcripts about that send it.
  int qos() { return static_cast<int>(words_.number("a QoS", 3)); }
  bool option(std::string_view word) {
    if (!words_.accept(word)) return false;
    if (before_5_0_) words_.fail_at_last("3.1.1 has no subscription options: put [5.0] in front of the line");
    return true;
  }
  mqtt::ReasonCode client_reason() {
    const auto reason = reason_of(words_.bare("a reason code"));
    if (!reason) words_.fail_at_last("there is no such reason code");
    if (before_5_0_) words_.fail_at_last("3.1.1 has no reason codes here: put [5.0] in front of the line");
    return *reason;
  }
  mqtt::PropertyId property_id() {
    const auto id = property_of(words_.bare("a property"));
    if (!id) words_.fail_at_last("there is no such word or property here");
    return *id;
  }
  void property(Properties& properties) {
    Property property{property_id(), 0, {}, {}};
    if (before_5_0_) words_.fail_at_last("3.1.1 has no properties: put [5.0] in front of the line");
    switch (mqtt::row_of(property.id).type) {
      case mqtt::PropertyType::pair: property.name = words_.quoted("its name"); [[fallthrough]];
      case mqtt::PropertyType::string:
      case mqtt::PropertyType::binary: property.value = words_.quoted("its value"); break;
      default: property.number = words_.number("its value", 0xFFFFFFFF);
    }
    properties.push_back(std::move(property));
  }

  Words& words_;
  bool before_5_0_;
};

}  // namespace

Step read_step(Words& words, bool before_5_0) { return StepReader{words, before_5_0}.read(); }

}  // namespace mortise::conformance
