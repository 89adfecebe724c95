#include "plugin.hpp"

namespace mortise::sys_topics {

namespace {

constexpr std::chrono::milliseconds first{
    100};  // after the start, so that nobody waits for the first numbers

}  // namespace

SysTopics::SysTopics(host of, const config& from)
    : host_{of}, interval_{from.duration("/interval", std::chrono::seconds{10})} {
  if (interval_ < std::chrono::seconds{1} || interval_ > std::chrono::hours{1})
    throw finding{"/interval", "is not between 1s and 1h", "write a time span such as 10s"};
}

void SysTopics::start() {
  static_cast<void>(metrics{host_});  // refuses the start when there are none
  timer_ = host_.after(first, [this] {
    publish();
    timer_ = host_.every(interval_, [this] { publish(); });
  });
}

// Only what is not what it was: with a store, each retained message is a row to be written.
void SysTopics::publish() {
  Reading now;
  metrics{host_}.read([&](const mortise_metric_view_t& metric) { now.add(metric); });
  mortise_status_t status = MORTISE_OK;
  for (const auto& [topic, payload] : topics_.from(now, std::chrono::nanoseconds{host_.monotonic_ns()})) {
    std::string& before = published_[topic];
    if (before == payload) continue;
    status = host_.publish(host_.make({.topic = topic, .payload = view(bytes(payload)), .retain = true}));
    if (status != MORTISE_OK) break;  // the rest comes with the next
    before = payload;
  }
  if (status != MORTISE_OK && status != last_)
    host_.log(MORTISE_WARNING, "sys_topics.not_published",
              "the $SYS topics could not be published; trying again", {{"status", status}});
  last_ = status;
}

}  // namespace mortise::sys_topics
