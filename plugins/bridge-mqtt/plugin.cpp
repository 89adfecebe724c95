#include "plugin.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <csignal>

#include "node.hpp"
#include "schema.hpp"
#include "state.hpp"

namespace mortise::bridge {

namespace {

constexpr std::chrono::seconds states_every{10};

}  // namespace

void Bridge::start() {
  const std::string node = node_name(std::string{host_.state_dir()});
  published_.resize(settings_.links.size());
  for (const LinkSettings& settings : settings_.links) {
    links_.push_back(std::make_shared<Link>(io_, host_, settings, node));
    // A broker that is older than the metrics carries messages all the same.
    if (host_.services().metrics) links_.back()->show_in(metrics{host_});
    links_.back()->on_change = [this](Link& link) { publish_state(link); };
  }
  work_.emplace(io_.get_executor());
  states_.emplace(io_);
  boost::asio::post(io_, [this] {
    for (const auto& link : links_) link->start();
    publish_states();
  });
  thread_ = std::thread{[this] {
    // Signals are the broker's.
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, nullptr);
    io_.run();
  }};
}

void Bridge::stop() {
  if (!thread_.joinable()) return;
  boost::asio::post(io_, [this] {
    states_->cancel();
    for (const auto& link : links_) link->stop();
    work_.reset();
  });
  thread_.join();
  links_.clear();
}

void Bridge::commit(const Settings&) {
  boost::asio::post(io_, [this] {
    for (const auto& link : links_) link->look_at_files();
  });
}

void Bridge::publish_states() {
  for (const auto& link : links_) publish_state(*link);
  states_->expires_after(states_every);
  states_->async_wait([this](const boost::system::error_code& code) {
    if (!code) publish_states();
  });
}

// Retained, and only when it is not what it was.
void Bridge::publish_state(const Link& link) {
  const auto index = static_cast<std::size_t>(
      std::ranges::find(links_, &link, [](const auto& one) { return one.get(); }) - links_.begin());
  std::string state = state_of(link);
  if (index >= published_.size() || published_[index] == state) return;
  const std::string topic =
      "$SYS/broker/bridge/" + std::string{host_.instance()} + "/" + link.settings().name;
  try {
    edit wanted;
    wanted.topic = topic;
    wanted.payload = std::span{reinterpret_cast<const std::uint8_t*>(state.data()), state.size()};
    wanted.retain = true;
    if (host_.publish(host_.make(wanted)) == MORTISE_OK) published_[index] = std::move(state);
  } catch (const error&) {
    // Not granted, or the broker is not up yet: the next one says the same.
  }
}

}  // namespace mortise::bridge

MORTISE_PLUGIN(mortise::bridge::Bridge, "org.mortise.bridge-mqtt", "0.1.0", mortise::bridge::schema,
               mortise::want{MORTISE_HOST_INLINE, nullptr,
                             "a session for each link, in which messages wait for the remote"},
               mortise::want{MORTISE_HOST_CLIENTS, "read",
                             "what a link has subscribed to by earlier settings", false},
               mortise::want{MORTISE_HOST_PUBLISH, "$SYS/broker/bridge/#", "the state of each link", false});
