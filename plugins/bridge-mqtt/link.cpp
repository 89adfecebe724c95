#include "link.hpp"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <fstream>
#include <random>

#include "link_handlers.hpp"
#include "mqtt/reader.hpp"
#include "tls.hpp"

namespace mortise::bridge {

namespace {

namespace asio = boost::asio;

constexpr std::uint32_t qos_0_window = 256;      // messages of QoS 0 between the broker and the socket
constexpr std::chrono::seconds sound_after{10};  // a link that ran so long was no failure
constexpr std::size_t password_max = 65'535;

std::uint64_t chance() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

std::string whole(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

}  // namespace

std::string_view name_of(Link::State state) {
  switch (state) {
    case Link::State::preparing: return "preparing";
    case Link::State::connecting: return "connecting";
    case Link::State::running: return "connected";
    case Link::State::waiting: return "waiting";
    case Link::State::stopped: return "stopped";
  }
  return "";
}

Link::Link(asio::io_context& io, mortise::host host, LinkSettings settings, std::string node)
    : io_{io},
      host_{host},
      settings_{std::move(settings)},
      node_{std::move(node)},
      backoff_{settings_.reconnect_first, settings_.reconnect_longest, chance()},
      returns_{settings_.return_after},
      pace_{settings_.rate},
      reconnect_{io},
      timeout_{io},
      tick_{io},
      pace_timer_{io},
      return_{io},
      bridge_bit_{settings_.bridge_bit} {}

void Link::become(State state, const std::string& why) {
  if (state_ == state && why_ == why) return;
  if (state_ != state) since_ = std::chrono::system_clock::now();
  state_ = state;
  why_ = why;
  counts_.connected.set(state == State::running ? 1 : 0);
  if (on_change) on_change(*this);
}

// ---- the session here

void Link::start() { prepare(); }

// Once, so that what is published before the remote was ever reached waits for it, too.
void Link::prepare() {
  ++attempt_;
  become(State::preparing, {});
  open_local(0, settings_.inflight + qos_0_window, [](Link& self) {
    self.unsubscribe_old([](Link& clean) {
      clean.subscribe_local([](Link& ready) {
        ready.is_prepared_ = true;
        ready.local_ = {};
        ready.attempt();
      });
    });
  });
}

void Link::open_local(std::uint32_t flags, std::uint32_t credits, std::function<void(Link&)> opened) {
  inline_options how;
  how.client_id = settings_.name;
  how.flags = flags;
  how.session_expiry_s = mqtt::session_never_expires;
  how.receive_maximum = settings_.inflight;
  if (remote_)
    how.receive_maximum = static_cast<std::uint16_t>(
        std::min<std::uint32_t>(settings_.inflight, remote_->limits().receive_maximum));
  how.credits = credits;
  how.queue_messages = settings_.queue_messages;
  how.queue_bytes = settings_.queue_bytes;
  how.queue_age_s = static_cast<std::uint32_t>(settings_.queue_age.count());
  const Limits limits = remote_ ? remote_->limits() : Limits{};
  inline_handlers handlers;
  handlers.opened = to_here([opened = std::move(opened)](Link& self, bool) { opened(self); });
  const auto take = to_here([](Link& self, const std::shared_ptr<std::vector<Outgoing>>& messages) {
    self.on_deliveries(std::move(*messages));
  });
  handlers.deliver = [take, weak = weak_from_this(),
                      limits](std::span<const mortise_delivery_t* const> deliveries) {
    const auto self = weak.lock();
    if (!self) return;
    const auto messages = std::make_shared<std::vector<Outgoing>>();
    messages->reserve(deliveries.size());
    for (const mortise_delivery_t* const delivery : deliveries)
      messages->push_back(make_outgoing(*delivery, self->settings_, limits, self->node_));
    take(messages);
  };
  handlers.release = to_here([](Link& self, std::uint16_t packet_id) { self.on_release(packet_id); });
  handlers.closed = to_here([](Link& self, std::uint8_t reason) { self.on_local_closed(reason); });
  try {
    local_ = inline_client::open(host_, how, std::move(handlers));
  } catch (const error& fault) {
    try_again(std::string{"the broker does not open a client for the link: "} + fault.what());
  }
}

// What earlier settings carried and these do not would wait in the session for nobody.
void Link::unsubscribe_old(std::function<void(Link&)> done) {
  if (!host_.services().clients) return done(*this);  // not granted
  const auto old = std::make_shared<std::vector<std::string>>();
  const auto found = [old](const mortise_subscription_t& one) { old->emplace_back(view(one.filter)); };
  const auto end = to_here([old, done](Link& self, mortise_status_t) {
    for (const std::string& filter : *old)
      if (std::ranges::find(self.settings_.out, filter, &Route::local_filter) == self.settings_.out.end())
        self.local_.unsubscribe(filter);
    done(self);
  });
  if (clients{host_}.subscriptions(session(), found, end) != MORTISE_OK) done(*this);
}

// `done` when the broker has answered for all.
void Link::subscribe_local(std::function<void(Link&)> done) {
  if (settings_.out.empty()) return done(*this);
  const auto left = std::make_shared<std::size_t>(settings_.out.size());
  for (std::size_t i = 0; i < settings_.out.size(); ++i) {
    const Route& route = settings_.out[i];
    inline_subscription to;
    to.filter = route.local_filter();
    to.identifier = static_cast<std::uint32_t>(i + 1);
    to.qos = route.qos;
    to.no_local = true;
    to.retain_as_published = true;
    to.retain_handling = 1;
    const auto answered = [left, done, filter = to.filter](Link& self, mortise_status_t ended,
                                                           std::uint8_t reason) {
      if (ended != MORTISE_OK || reason == static_cast<std::uint8_t>(mqtt::ReasonCode::quota_exceeded))
        return self.try_again("the broker cannot take a link's subscriptions at present");
      if (reason >= 0x80)
        self.host_.log(MORTISE_ERROR, "bridge.not_subscribed",
                       "the broker refuses a topic filter of a link: it is not carried to the remote",
                       {{"link", self.settings_.name}, {"filter", filter}, {"reason", unsigned{reason}}});
      if (--*left == 0) done(self);
    };
    const mortise_status_t status = local_.subscribe(to, to_here(answered));
    if (status == MORTISE_OK) continue;
    const auto refused = static_cast<std::uint8_t>(mqtt::ReasonCode::not_authorized);
    answered(*this, status == MORTISE_E_NOT_GRANTED ? MORTISE_OK : status, refused);
    if (status != MORTISE_E_NOT_GRANTED) return;
  }
}

void Link::on_local_closed(std::uint8_t reason) {
  const auto code = static_cast<mqtt::ReasonCode>(reason);
  if (code == mqtt::ReasonCode::server_shutting_down) return stop();
  lose("the broker closed the link's client: " + std::string{mqtt::text_of(code)});
}

// ---- connecting

void Link::attempt() {
  ++attempt_;
  become(State::connecting, {});
  running_ = has_asked_ = false;
  std::string fault;
  fingerprint_ = fingerprint();
  const std::optional<std::string> password = read_password(fault);
  if (!password) return try_again(fault);
  std::shared_ptr<asio::ssl::context> context;
  if (settings_.tls && !(context = make_context(*settings_.tls, fault))) return try_again(fault);
  remote_.emplace(settings_, *password, bridge_bit_, static_cast<Remote::Events&>(*this));
  const auto now_here = [this](auto handler) {
    return [weak = weak_from_this(), number = attempt_, handler](auto&&... arguments) {
      const auto self = weak.lock();
      if (self && self->attempt_ == number) handler(*self, arguments...);
    };
  };
  Stream::Handlers handlers;
  handlers.on_open = now_here([](Link& self) {
    self.has_asked_ = true;
    self.remote_->connect(Clock::now());
    self.flush();
    self.stream_->read();
  });
  handlers.on_bytes = now_here([](Link& self, std::span<const std::uint8_t> bytes) { self.on_bytes(bytes); });
  handlers.on_written = now_here([](Link& self) { self.after_packets(); });
  handlers.on_lost = now_here([](Link& self, const std::string& why) {
    // Some close without a word when they see the bridge bit: with it and without it in turn, until one is
    // let in.
    const bool is_unanswered =
        self.has_asked_ && !self.remote_->is_connected() && self.remote_->failed().empty();
    if (is_unanswered)
      self.bridge_bit_ = self.settings_.bridge_bit && !self.bridge_bit_ && !self.knows_no_bridges_;
    self.lose(why);
  });
  stream_.emplace(io_, std::move(context), std::move(handlers));
  stream_->open(settings_.addresses[address_], settings_.tls ? settings_.tls->server_name : std::string{});
  timeout_.expires_after(settings_.connect_timeout);
  timeout_.async_wait(guarded([this, number = attempt_] {
    if (attempt_ == number && !running_) lose(address() + ": no CONNACK within connect_timeout");
  }));
}

// Nothing with `fault` set: the file cannot be read.
std::optional<std::string> Link::read_password(std::string& fault) const {
  if (settings_.password_file.empty()) return settings_.password;
  std::ifstream file{settings_.password_file};
  std::string line;
  if (file) std::getline(file, line);
  if (!file && line.empty()) {
    fault = settings_.password_file + ": no password can be read from it; its first line is the password";
    return {};
  }
  if (line.ends_with('\r')) line.pop_back();
  if (line.size() > password_max) {
    fault = settings_.password_file + ": its first line is longer than a password may be (65,535 bytes)";
    return {};
  }
  return line;
}

void Link::on_bytes(std::span<const std::uint8_t> bytes) {
  remote_->on_bytes(bytes, Clock::now());
  after_packets();
}

// What the packets gave rise to goes out; then the next ones are read, or the link ends.
void Link::after_packets() {
  if (!remote_->failed().empty()) {
    if (const auto fault = remote_->fault())
      counts_.refuse("remote sent: " + std::string{mqtt::text_of(*fault)});
    flush();
    return lose(address() + ": " + remote_->failed());
  }
  pump();
  // A remote that does not take its answers is not asked for more of what needs them.
  const bool takes = stream_ && stream_->unwritten() + remote_->output.size() < unwritten_max;
  if (takes && !remote_->is_held() && !stream_->is_reading()) stream_->read();
}

void Link::flush() {
  if (remote_->output.empty()) return;
  remote_->wrote(Clock::now());
  stream_->write(remote_->output);
}

void Link::on_refused(mqtt::ReasonCode reason) {
  counts_.refuse("connection: " + std::string{mqtt::text_of(reason)});
  // It knows MQTT 3.1.1 and no bridges.
  if (reason != mqtt::ReasonCode::unsupported_protocol_version) return;
  knows_no_bridges_ = true;
  bridge_bit_ = false;
}

// Not all of its reasons are about us: a remote that is restarted refuses nothing.
void Link::on_ended(mqtt::ReasonCode reason) {
  switch (reason) {
    case mqtt::ReasonCode::normal_disconnection:
    case mqtt::ReasonCode::server_shutting_down:
    case mqtt::ReasonCode::session_taken_over:
    case mqtt::ReasonCode::administrative_action:
    case mqtt::ReasonCode::use_another_server:
    case mqtt::ReasonCode::server_moved:
    case mqtt::ReasonCode::maximum_connect_time: return;
    default: counts_.refuse("connection: " + std::string{mqtt::text_of(reason)});
  }
}

void Link::on_connected(bool session_present) {
  ++counts_.connects;
  // Without a session there the remote's identifiers begin anew.
  open_local(
      session_present ? 0U : std::uint32_t{MORTISE_INLINE_FORGET_INBOUND}, settings_.inflight + qos_0_window,
      [session_present](Link& self) {
        self.subscribe_local([](Link&) {});
        // Behind what the session gives again: its identifiers are in use, and SUBSCRIBE needs one that is
        // not.
        self.host_.post(self.to_here([session_present](Link& link) { link.settle_down(session_present); }));
      });
}

void Link::settle_down(bool session_present) {
  timeout_.cancel();
  if (!settings_.in.empty()) {
    const auto is_used = [this](mqtt::PacketId id) {
      return in_flight_.contains(id) || std::ranges::count(waiting_, id, &Outgoing::packet_id) != 0;
    };
    mqtt::PacketId packet_id = 65'535;
    while (is_used(packet_id)) --packet_id;
    remote_->subscribe(packet_id, settings_.in, session_present);
  }
  running_ = true;
  running_since_ = Clock::now();
  last_failure_.clear();
  tell(MORTISE_NOTICE, "bridge.connected", "connected");
  become(State::running, {});
  remote_->resume(Clock::now());
  after_packets();
  if (!running_) return;
  tick();
  look_for_the_first();
}

// ---- ends

void Link::close() {
  ++attempt_;
  running_ = false;
  stream_.reset();
  probe_.reset();
  local_ = {};
  for (const Outgoing& message : waiting_)  // the others stay in the session
    if (message.packet_id == 0)
      counts_.refuse(message.refused.empty() ? "QoS 0: the link went down" : message.refused);
  waiting_.clear();
  in_flight_.clear();
  for (auto* const timer : {&timeout_, &tick_, &pace_timer_, &return_, &reconnect_}) timer->cancel();
}

void Link::lose(const std::string& why) {
  if (state_ == State::stopped) return;
  const bool was_sound = running_ && Clock::now() - running_since_ >= sound_after;
  // What comes back may be another broker.
  if (running_) bridge_bit_ = settings_.bridge_bit && !knows_no_bridges_;
  if (was_sound) backoff_.reset();
  try_again(why);
}

void Link::try_again(const std::string& why) {
  if (state_ == State::stopped) return;
  ++counts_.failures;
  const bool was_running = running_;
  if (running_ && address_ == 0 && Clock::now() - running_since_ >= sound_after) returns_.succeeded();
  close();
  returns_.failed();
  tell(why == last_failure_ ? MORTISE_DEBUG : MORTISE_WARNING, "bridge.lost", why);
  last_failure_ = why;
  // The other addresses at once, then all of them again after a while.
  address_ = was_running ? 0 : (address_ + 1) % settings_.addresses.size();
  const auto wait = address_ == 0 ? backoff_.next() : std::chrono::milliseconds{0};
  become(State::waiting, why);
  reconnect_.expires_after(wait);
  reconnect_.async_wait(guarded([this] {
    if (state_ != State::waiting) return;
    if (is_prepared_)
      attempt();
    else
      prepare();
  }));
}

void Link::tell(std::int32_t level, std::string_view event, std::string_view text) const {
  if (!waiting_for_remote_ || waiting_for_remote_->messages == 0)
    return host_.log(level, event, text, {{"link", settings_.name}, {"address", address()}});
  const auto oldest_s = static_cast<std::uint64_t>(age_of(waiting_for_remote_->oldest));
  host_.log(level, event, text,
            {{"link", settings_.name},
             {"address", address()},
             {"waiting", waiting_for_remote_->messages},
             {"oldest_s", oldest_s}});
}

void Link::look(std::function<void(Link&)> then) {
  if (!host_.services().clients) return;  // not granted
  const auto seen = std::make_shared<Waiting>();
  const auto found = [seen](const mortise_client_info_t& info) {
    seen->messages = info.queued_messages;
    seen->bytes = info.queued_bytes;
    if (MORTISE_HAS(&info, oldest_unix_ms))
      seen->oldest = std::chrono::system_clock::time_point{std::chrono::milliseconds{info.oldest_unix_ms}};
  };
  const auto end = to_here([seen, then = std::move(then)](Link& self, mortise_status_t) {
    self.waiting_for_remote_ = *seen;
    self.counts_.waiting.set(static_cast<double>(seen->messages));
    self.counts_.oldest.set(seen->messages == 0 ? 0 : age_of(seen->oldest));
    then(self);
  });
  clients{host_}.find(session(), found, end);
}

double Link::age_of(std::chrono::system_clock::time_point came) {
  const auto age = std::chrono::system_clock::now() - came;
  return std::max(0.0, std::chrono::duration<double>(age).count());
}

std::string Link::session() const {
  return "$inline/" + std::string{host_.instance()} + "/" + settings_.name;
}

void Link::stop() {
  if (state_ == State::stopped) return;
  if (remote_ && remote_->is_connected() && stream_) {
    remote_->disconnect(mqtt::ReasonCode::normal_disconnection);
    flush();
  }
  close();
  become(State::stopped, "the plugin stops");
}

void Link::tick() {
  tick_.expires_after(std::chrono::seconds{1});
  tick_.async_wait(guarded([this, number = attempt_] {
    if (attempt_ != number) return;
    if (!remote_->on_time(Clock::now()))
      return lose(address() + ": nothing came from the remote within keep_alive");
    flush();
    tick();
  }));
}

// From another address back to the first, when that can be reached again.
void Link::look_for_the_first() {
  if (address_ == 0 || !returns_.are_wanted()) return;
  return_.expires_after(returns_.wait());
  return_.async_wait(guarded([this, number = attempt_] {
    if (attempt_ == number) probe_the_first();
  }));
}

// As far as TLS goes: what is said after that ends what is said to the address we have.
void Link::probe_the_first() {
  std::string fault;
  std::shared_ptr<asio::ssl::context> context;
  const auto stay = [this](const std::string& why) {
    host_.log(MORTISE_INFO, "bridge.not_returned", why, {{"link", settings_.name}});
    look_for_the_first();
  };
  if (settings_.tls && !(context = make_context(*settings_.tls, fault))) return stay(fault);
  Stream::Handlers handlers;
  handlers.on_open = [this, number = attempt_] {
    if (attempt_ == number) return_to_the_first();
  };
  handlers.on_lost = [this, stay, number = attempt_](const std::string& why) {
    if (attempt_ == number) stay(why);
  };
  probe_.emplace(io_, std::move(context), std::move(handlers));
  probe_->open(settings_.addresses[0], settings_.tls ? settings_.tls->server_name : std::string{});
  return_.expires_after(settings_.connect_timeout);
  return_.async_wait(guarded([this, stay, number = attempt_] {
    if (attempt_ != number) return;
    probe_.reset();
    stay(settings_.addresses[0].text() + ": no answer within connect_timeout");
  }));
}

void Link::return_to_the_first() {
  host_.log(MORTISE_NOTICE, "bridge.returns", "the first address can be reached again",
            {{"link", settings_.name}, {"address", settings_.addresses[0].text()}});
  remote_->disconnect(mqtt::ReasonCode::normal_disconnection);
  flush();
  close();
  address_ = 0;
  returns_.begin();
  attempt();
}

// Of the files that say who we are.
std::string Link::fingerprint() const {
  std::string all = settings_.password_file.empty() ? "" : whole(settings_.password_file);
  if (settings_.tls)
    for (const std::string& file : {settings_.tls->ca, settings_.tls->certificate, settings_.tls->key})
      if (!file.empty()) all += '\0' + whole(file);
  return all;
}

void Link::look_at_files() {
  if (state_ == State::stopped || !is_prepared_ || fingerprint() == fingerprint_) return;
  host_.log(MORTISE_NOTICE, "bridge.files_changed", "password or certificate changed: connects anew",
            {{"link", settings_.name}});
  if (remote_ && remote_->is_connected() && stream_) {
    remote_->disconnect(mqtt::ReasonCode::normal_disconnection);
    flush();
  }
  close();
  attempt();
}

}  // namespace mortise::bridge
