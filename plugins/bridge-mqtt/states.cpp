#include "states.hpp"

#include <boost/asio/post.hpp>
#include <span>

namespace mortise::bridge {

namespace {

constexpr std::uint32_t window = 64;  // states between the broker and this thread

// With a slash, which the name of a link cannot have: their sessions stand beside this one.
constexpr const char* finder_name = "links/states";

}  // namespace

void States::open() {
  if (!host_.services().publisher) return;  // not granted: nothing is shown, and nothing was
  const std::string all = "$SYS/broker/bridge/" + std::string{host_.instance()} + "/";
  inline_handlers handlers;
  handlers.deliver = [weak = weak_from_this(), prefix = all.size()](auto deliveries) {
    const auto self = weak.lock();
    if (!self) return;
    for (const mortise_delivery_t* const delivery : deliveries) {
      if ((delivery->flags & MORTISE_INLINE_RETAIN) == 0) continue;  // what is published here just now
      const std::string link{view(delivery->message->topic).substr(prefix)};
      boost::asio::post(self->io_, [self, link] { self->on_found(link); });
    }
    self->finder_.credit(static_cast<std::uint32_t>(deliveries.size()));
  };
  handlers.closed = [weak = weak_from_this()](std::uint8_t) {
    if (const auto self = weak.lock()) boost::asio::post(self->io_, [self] { self->is_superseded_ = true; });
  };
  const auto say = [host = host_, all](mortise_status_t status, std::uint8_t reason) {
    host.log(MORTISE_WARNING, "bridge.states_not_cleared",
             "states that earlier links have left in " + all +
                 " stay there: the broker does not let the plugin subscribe to them",
             {{"status", status}, {"reason", unsigned{reason}}});
  };
  mortise_status_t status = MORTISE_OK;
  try {
    finder_ = inline_client::open(host_, {.client_id = finder_name, .credits = window}, std::move(handlers));
    status = finder_.subscribe({.filter = all + "+"}, [say](mortise_status_t ended, std::uint8_t reason) {
      if (ended != MORTISE_OK || reason >= 0x80) say(ended, reason);
    });
  } catch (const error& fault) {
    status = fault.status();
  }
  if (status != MORTISE_OK) say(status, 0);
}

void States::keep(std::set<std::string> links) {
  links_ = std::move(links);
  sweep();
}

void States::on_found(const std::string& link) {
  published_.try_emplace(link);
  sweep();
}

void States::show(const std::string& link, const std::string& state) {
  if (has_ended_) return;
  std::string& published = published_[link];
  if (published != state && publish(link, state)) published = state;
}

void States::end(std::function<void()> done) {
  struct Ending {
    std::function<void()> done;
    ~Ending() { done(); }
  };
  const auto ending = std::make_shared<Ending>(std::move(done));  // ends with the last answer
  has_ended_ = true;
  if (!finder_ || is_superseded_) return;
  for (const auto& [link, state] : published_)
    publish(link, "", [ending](mortise_status_t, std::uint32_t) {});
}

void States::sweep() {
  if (has_ended_) return;
  std::erase_if(published_,
                [this](const auto& one) { return !links_.contains(one.first) && publish(one.first, ""); });
}

// False: not granted, or the broker is not up yet.
bool States::publish(const std::string& link, const std::string& state,
                     std::function<void(mortise_status_t, std::uint32_t)> done) {
  edit wanted;
  const std::string topic = "$SYS/broker/bridge/" + std::string{host_.instance()} + "/" + link;
  wanted.topic = topic;
  wanted.payload = std::span{reinterpret_cast<const std::uint8_t*>(state.data()), state.size()};
  wanted.retain = true;
  try {
    return host_.publish(host_.make(wanted), MORTISE_MEMORY, std::move(done)) == MORTISE_OK;
  } catch (const error&) {
    return false;
  }
}

}  // namespace mortise::bridge
