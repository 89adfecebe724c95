// How what happens elsewhere comes to a link: on its thread, and only while the attempt it belongs to lasts.
// For the link's own files.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include "link.hpp"

namespace mortise::bridge {

// A timer's handler: nothing once the timer was set anew.
template <class Then>
auto Link::guarded(Then then) {
  return [self = shared_from_this(), then](const boost::system::error_code& code) {
    if (!code) then();
  };
}

// For the strand: runs `handler` with the link and what it is called with on the link's thread, unless the
// attempt it belongs to is over.
template <class Handler>
auto Link::to_here(Handler handler) {
  return [weak = weak_from_this(), number = attempt_, handler = std::move(handler)](auto... values) {
    const auto self = weak.lock();
    if (!self) return;
    boost::asio::post(self->io_, [self, number, handler, values...] {
      if (self->attempt_ == number) handler(*self, values...);
    });
  };
}

}  // namespace mortise::bridge
