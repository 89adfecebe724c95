#include "transcript.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <sstream>

#include "step_reader.hpp"

namespace mortise::conformance {

namespace {

constexpr std::array numbered_settings{"receive_maximum",   "inflight_maximum",    "packet_size",
                                       "topic_levels",      "expiry_maximum",      "keep_alive_maximum",
                                       "queue_messages",    "maximum_qos",         "topic_alias_maximum",
                                       "retry_interval",    "connect_packet_size", "topic_length",
                                       "filters",           "subscriptions",       "connect_rate_per_client",
                                       "retained_messages", "retained_payload"};
constexpr std::array switches{"anonymous_denied", "drop_newest", "overflow_disconnect",  "checked_payloads",
                              "only_5.0",         "only_3.1.1",  "no_retained",          "no_wildcards",
                              "no_identifiers",   "no_shared",   "response_information", "rehearsed_plugin",
                              "mounted"};

std::optional<mqtt::Version> version_of(std::string_view word) {
  if (word == "3.1") return mqtt::Version::v3_1;
  if (word == "3.1.1") return mqtt::Version::v3_1_1;
  if (word == "5.0") return mqtt::Version::v5_0;
  return {};
}

class Reading {
 public:
  explicit Reading(std::string file) : file_{std::move(file)} {}

  void line(std::string_view text) {
    ++number_;
    if (text.starts_with('#')) {
      if (!comment_.empty()) comment_ += ' ';
      comment_ += text.substr(std::min(text.find_first_not_of("# "), text.size()));
      return;
    }
    Words words{file_, number_, text};
    if (words.done()) return comment_.clear();
    if (words.accept("versions"))
      begin(words);
    else if (transcripts_.empty())
      words.fail("a transcript begins with: versions 3.1.1 5.0");
    else if (words.accept("proves"))
      proves(words);
    else if (words.accept("broker"))
      settings(words);
    else if (words.accept("virtual"))
      virtual_time(words);
    else
      step(words);
    words.finish();
    comment_.clear();
  }

  std::vector<Transcript> finish() {
    if (!transcripts_.empty()) check_whole(transcripts_.back());
    return std::move(transcripts_);
  }

 private:
  void begin(Words& words) {
    if (!transcripts_.empty()) check_whole(transcripts_.back());
    if (comment_.empty()) words.fail_at_last("a comment in front has to say what the transcript shows");
    Transcript transcript;
    transcript.file = file_;
    transcript.line = number_;
    transcript.title = comment_;
    do {
      const auto version = version_of(words.bare("a version"));
      if (!version) words.fail_at_last("a version is 3.1, 3.1.1 or 5.0");
      transcript.versions.push_back(*version);
    } while (!words.done());
    transcripts_.push_back(std::move(transcript));
  }

  // "proves MQTT-a MQTT-b" in each version, or "proves 5.0 MQTT-a" in that one.
  void proves(Words& words) {
    Transcript& transcript = transcripts_.back();
    std::vector<mqtt::Version> versions = transcript.versions;
    if (const auto one = version_of(words.peek())) {
      words.bare("a version");
      if (std::find(versions.begin(), versions.end(), *one) == versions.end())
        words.fail_at_last("the transcript is not played in this version");
      versions = {*one};
    }
    do {
      const std::string id = words.bare("a statement such as MQTT-3.1.2-10");
      if (!id.starts_with("MQTT-")) words.fail_at_last("a statement looks like MQTT-3.1.2-10");
      for (const mqtt::Version version : versions)  // 3.1 has no statements
        if (version != mqtt::Version::v3_1) transcript.proves.push_back({version, id});
    } while (!words.done());
  }

  void settings(Words& words) {
    do {
      const std::string name = words.bare("a setting");
      if (std::find(switches.begin(), switches.end(), name) != switches.end())
        transcripts_.back().broker[name] = 1;
      else if (std::find(numbered_settings.begin(), numbered_settings.end(), name) != numbered_settings.end())
        transcripts_.back().broker[name] = words.number("its value", 0xFFFFFFFF);
      else
        words.fail_at_last("the broker has no setting of this name here");
    } while (!words.done());
  }

  void virtual_time(Words& words) {
    if (!words.accept("time") || !words.accept("only")) words.fail("write: virtual time only");
    transcripts_.back().virtual_time_only = true;
  }

  void step(Words& words) {
    std::optional<mqtt::Version> only;
    if (words.peek().starts_with('[')) {
      std::string guard = words.bare("a version");
      if (guard.ends_with(']')) only = version_of(std::string_view{guard}.substr(1, guard.size() - 2));
      if (!only) words.fail_at_last("a line for one version begins with [5.0], [3.1.1] or [3.1]");
    }
    Transcript& transcript = transcripts_.back();
    const std::vector<mqtt::Version> played = only ? std::vector{*only} : transcript.versions;
    const bool before_5_0 =
        std::ranges::any_of(played, [](mqtt::Version version) { return version != mqtt::Version::v5_0; });
    Step step = read_step(words, before_5_0);
    step.line = number_;
    step.only = only;
    transcript.steps.push_back(std::move(step));
  }

  void check_whole(const Transcript& transcript) const {
    std::chrono::seconds waits{};
    for (const Step& step : transcript.steps)
      if (const auto* wait = std::get_if<Wait>(&step.action)) waits += wait->time;
    if (transcript.steps.empty()) fail_at(transcript, "a transcript without a step");
    const bool has_statements =
        std::ranges::any_of(transcript.versions, [](mqtt::Version v) { return v != mqtt::Version::v3_1; });
    if (transcript.proves.empty() && has_statements)
      fail_at(transcript, "say what it proves: proves MQTT-3.1.2-10");
    if ((waits > longest_real_wait) != transcript.virtual_time_only)
      fail_at(transcript, transcript.virtual_time_only ? "it hardly waits: it can be played in real time, too"
                                                       : "it waits long: say virtual time only");
  }

  [[noreturn]] void fail_at(const Transcript& transcript, std::string_view text) const {
    throw Unreadable{file_ + ":" + std::to_string(transcript.line) + ":1  " + std::string{text}};
  }

  std::string file_;
  int number_ = 0;
  std::string comment_;
  std::vector<Transcript> transcripts_;
};

}  // namespace

std::string_view word_of(mqtt::Version version) {
  return version == mqtt::Version::v5_0 ? "5.0" : version == mqtt::Version::v3_1 ? "3.1" : "3.1.1";
}

std::size_t Transcript::steps_in(mqtt::Version version) const {
  return static_cast<std::size_t>(std::count_if(
      steps.begin(), steps.end(), [&](const Step& step) { return !step.only || step.only == version; }));
}

std::vector<Transcript> read_transcripts(std::string_view text, const std::string& file) {
  Reading reading{file};
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    reading.line(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return reading.finish();
}

std::vector<Transcript> read_transcript_file(const std::string& path) {
  std::ifstream file{path};
  if (!file) throw Unreadable{path + "  cannot be opened"};
  std::ostringstream text;
  text << file.rdbuf();
  return read_transcripts(text.str(), path);
}

}  // namespace mortise::conformance
