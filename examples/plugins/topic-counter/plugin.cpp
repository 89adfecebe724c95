// topic-counter: counts messages per topic level and publishes the counts.
//
// Thread: everything on the instance's strand, one call at a time; so there is no lock.
#include <map>
#include <mortise/plugin.hpp>
#include <span>
#include <string>
#include <string_view>

class TopicCounter {
 public:
  static constexpr bool on_strand = true;
  static constexpr const char* licence = "Apache-2.0";
  static constexpr const char* summary = "counts messages per topic level and publishes the counts";

  TopicCounter(mortise::host host, mortise::config config)
      : host_{host},
        topic_{"counts/" + std::string{config.text("/name", host.instance())}},
        depth_{config.integer("/depth", 2)},
        topics_max_{static_cast<std::size_t>(config.integer("/topics_max", 1000))},
        every_{config.duration("/every", std::chrono::seconds{10})} {
    if (topic_.find_first_of("+#") != topic_.npos)
      throw mortise::finding{"/name", "holds + or #", "use a word that can be a topic level"};
    config.each("/filters", [this](mortise::config filter) { filters_.emplace_back(filter.text()); });
  }

  void start() {
    timer_ = host_.every(every_, [this] { publish(); });
  }

  mortise::attach observe_attach() const { return {.filters = filters_, .kinds = {MORTISE_EV_PUBLISHED}}; }

  void observe(mortise::call, std::span<const mortise_event_t* const> events) {
    for (const mortise_event_t* event : events)
      if (event->message) count(mortise::view(event->message->topic));
  }

 private:
  // "a/b/c" counts for "a" and, at depth 2, for "a/b". Our own counts count for nothing.
  void count(std::string_view topic) {
    if (topic == topic_) return;
    ++messages_;
    std::size_t end = 0;
    for (std::int64_t level = 0; level < depth_ && end != topic.npos; ++level) {
      end = topic.find('/', level == 0 ? 0 : end + 1);
      count_one(topic.substr(0, end));
    }
  }

  // So many topics are told apart as the operator allows; memory has an end, names have none.
  void count_one(std::string_view name) {
    auto found = counts_.find(name);
    if (found == counts_.end() && counts_.size() >= topics_max_) {
      ++others_;
      return;
    }
    if (found == counts_.end()) found = counts_.emplace(name, 0).first;
    ++found->second;
  }

  void publish() {
    const std::string payload = as_json();
    const mortise::message message =
        host_.make({.topic = topic_, .payload = mortise::view(mortise::bytes(payload)), .retain = true});
    const mortise_status_t status = host_.publish(message);
    if (status != MORTISE_OK && status != refused_)
      host_.log(MORTISE_WARNING, "counts.not_published", "the counts could not be published",
                {{"status", status}});
    refused_ = status;
  }

  std::string as_json() const {
    std::string out = "{\"messages\":" + std::to_string(messages_) +
                      ",\"others\":" + std::to_string(others_) + ",\"topics\":{";
    for (const auto& [name, count] : counts_) {
      if (out.back() != '{') out += ',';
      append_quoted(out, name);
      out += ':' + std::to_string(count);
    }
    return out + "}}";
  }

  // Topic names are UTF-8 already; what JSON wants escaped besides is little.  (RFC 8259 §7)
  static void append_quoted(std::string& out, std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    out += '"';
    for (const char c : text) {
      const auto octet = static_cast<unsigned char>(c);
      if (octet < 0x20)
        out.append("\\u00").append(1, digits[octet / 16]).append(1, digits[octet % 16]);
      else if (c == '"' || c == '\\')
        out.append(1, '\\').append(1, c);
      else
        out += c;
    }
    out += '"';
  }

  mortise::host host_;
  std::string topic_;
  std::int64_t depth_;
  std::size_t topics_max_;
  std::chrono::nanoseconds every_;
  std::vector<std::string> filters_;
  std::map<std::string, std::uint64_t, std::less<>> counts_;
  std::uint64_t messages_ = 0;
  std::uint64_t others_ = 0;
  mortise_status_t refused_ = MORTISE_OK;  // told once, not every period
  mortise::timer timer_;
};

MORTISE_PLUGIN(TopicCounter, "org.example.topic-counter", "1.0.0", R"({
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "filters": {"type": "array", "items": {"type": "string", "minLength": 1},
                "description": "topic filters of the messages to count; absent: all"},
    "depth": {"type": "integer", "minimum": 1, "maximum": 16,
              "description": "so many levels of a topic are told apart; default 2"},
    "every": {"type": "string", "description": "how often the counts are published; default 10s"},
    "name": {"type": "string", "minLength": 1,
             "description": "they go to counts/<name>; default: the instance's name"},
    "topics_max": {"type": "integer", "minimum": 1, "maximum": 100000,
                   "description": "so many topics are told apart, the rest is others; default 1000"}
  }
})",
               mortise::want{MORTISE_HOST_PUBLISH, "counts/#", "publishes how many messages each topic had"});
