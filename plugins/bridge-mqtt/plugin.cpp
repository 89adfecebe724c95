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

Settings Bridge::read(const config& from) const {
  const std::string folder{host_.config_dir()};
  Settings settings = read_settings(from, folder);
  for (const finding& found : unreadable_files(from, folder)) host_.warn(found);
  return settings;
}

std::shared_ptr<Link> Bridge::make_link(const LinkSettings& settings) {
  const auto link = std::make_shared<Link>(io_, host_, settings, node_);
  // A broker that is older than the metrics carries messages all the same.
  try {
    if (host_.services().metrics) link->show_in(metrics{host_});
  } catch (const error& fault) {
    host_.log(MORTISE_WARNING, "bridge.not_counted",
              std::string{"the link's messages are not among the metrics: "} + fault.what(),
              {{"link", settings.name}});
  }
  link->on_change = [this](Link& changed) { publish_state(changed); };
  return link;
}

void Bridge::start() {
  node_ = node_name(std::string{host_.state_dir()});
  for (const LinkSettings& settings : settings_.links) links_.push_back(make_link(settings));
  work_.emplace(io_.get_executor());
  states_timer_.emplace(io_);
  states_ = std::make_shared<States>(io_, host_);
  states_->open();
  boost::asio::post(io_, [this] {
    keep_states();
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

answer Bridge::drain(call now) {
  auto later = now.defer();
  if (!later) return allow;
  // Behind what the strand has for the states already: that another instance has taken over.
  const auto waiting = std::make_shared<token>(std::move(*later));
  host_.post([this, waiting] {
    boost::asio::post(io_, [this, waiting] { states_->end([waiting] { waiting->reply(allow); }); });
  });
  return pending;
}

void Bridge::stop() {
  if (!thread_.joinable()) return;
  boost::asio::post(io_, [this] {
    states_timer_->cancel();
    for (const auto& link : links_) link->stop();
    work_.reset();
  });
  thread_.join();
  links_.clear();
}

void Bridge::commit(Settings settings) {
  boost::asio::post(io_, [this, settings = std::move(settings)] { take(settings); });
}

// A link that is another one gives its session to its successor, and so to what waits in it.
void Bridge::take(const Settings& settings) {
  std::vector<std::shared_ptr<Link>> next, fresh;
  for (const LinkSettings& wanted : settings.links) {
    const auto same =
        std::ranges::find_if(links_, [&](const auto& link) { return link->settings() == wanted; });
    next.push_back(same != links_.end() ? *same : make_link(wanted));
    if (same == links_.end())
      fresh.push_back(next.back());
    else
      next.back()->look_at_files();
  }
  for (const auto& link : links_) {
    if (std::ranges::count(next, link) != 0) continue;
    link->on_change = nullptr;
    link->stop();
    const std::string& name = link->settings().name;
    const auto is_successor = [&](const auto& one) { return one->settings().name == name; };
    if (std::ranges::any_of(next, is_successor)) continue;
    link->forget_waiting();
  }
  links_ = std::move(next);
  keep_states();
  for (const auto& link : fresh) link->start();
}

void Bridge::keep_states() {
  std::set<std::string> names;
  for (const auto& link : links_) names.insert(link->settings().name);
  states_->keep(std::move(names));
}

void Bridge::publish_states() {
  for (const auto& link : links_) {
    publish_state(*link);
    link->look([this](Link& seen) { publish_state(seen); });
  }
  states_->sweep();
  states_timer_->expires_after(states_every);
  states_timer_->async_wait([this](const boost::system::error_code& code) {
    if (!code) publish_states();
  });
}

void Bridge::publish_state(const Link& link) {
  if (std::ranges::find(links_, &link, [](const auto& one) { return one.get(); }) == links_.end()) return;
  states_->show(link.settings().name, state_of(link));
}

}  // namespace mortise::bridge

MORTISE_PLUGIN(mortise::bridge::Bridge, "org.mortise.bridge-mqtt", "0.1.0", mortise::bridge::schema,
               mortise::want{
                   MORTISE_HOST_INLINE, nullptr,
                   "a session for each link, in which messages wait for the remote; and what earlier links "
                   "have left in their states"},
               mortise::want{MORTISE_HOST_CLIENTS, "read",
                             "what a link has subscribed to by earlier settings, and what waits for it",
                             false},
               mortise::want{MORTISE_HOST_PUBLISH, "$SYS/broker/bridge/#", "the state of each link", false});
