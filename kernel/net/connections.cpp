#include "net/connections.hpp"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>

namespace mortise::net {

namespace {

constexpr std::size_t waiting_bytes_max = 64 * 1024;  // unread, of a connection whose packets wait
// Deliveries stop at limits.write_buffer and one packet; the answers to a peer that reads nothing stop here.
constexpr std::size_t unwritten_beside_a_packet = 128 * 1024;
constexpr std::size_t sealed_high = 64 * 1024;  // no more is sealed while so much is unwritten
constexpr std::size_t sealed_max = 256 * 1024;  // nor read: the peer does not take its filters' answers
constexpr std::size_t parts_max = 64;
constexpr int sends_a_turn = 4;
constexpr int goodbye_reads = 4;
constexpr base::Duration last_words_time = std::chrono::seconds{5};
constexpr base::Duration goodbye_time = std::chrono::seconds{1};
constexpr std::uint64_t goodbye_bit = std::uint64_t{1} << 31;  // in a token, of the handle's index

bool is_for_later(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

std::size_t unwritten_max(const broker::Options& options) {
  return std::max(options.packet_size_max, options.packet_size_largest) + options.write_buffer +
         unwritten_beside_a_packet;
}

}  // namespace

Connections::Connections(broker::Shared& shared, std::uint32_t loop, broker::Broker& broker, Poller& poller,
                         Guests& guests)
    : broker_{broker},
      poller_{poller},
      ledger_{*shared.ledgers[loop]},
      accounts_{ledger_.accounts},
      guests_{guests},
      unwritten_max_{unwritten_max(*shared.options())},
      loop_{loop} {}

// Who is there may still be owed what was allowed before.
void Connections::renew_options(const broker::Options& options) {
  unwritten_max_ = std::max(unwritten_max_, unwritten_max(options));
}

Connections::~Connections() {
  for (Connection& connection : connections_) uncharge(connection);
}

Connections::Connection* Connections::find(broker::ClientKey client) noexcept {
  if (client.index >= connections_.size()) return nullptr;
  Connection& connection = connections_[client.index];
  return connection.client == client ? &connection : nullptr;
}

// Makes the filters of one who was just accepted. False: a plugin does not want its address. One that a proxy
// names later is asked about then.
bool Connections::welcomes(Arrival& arrival) {
  const Door& door = *arrival.door;
  bool asks = broker_.asks_to_accept();
  const auto is_wanted = [&] { return broker_.accepts(door.listener, arrival.address); };
  if (asks && arrival.peer.address && !(door.learns_address && door.learns_address(arrival.peer))) {
    if (!is_wanted()) return false;  // before anything is made for it
    asks = false;
  }
  if (door.filters) arrival.line = std::make_unique<Line>(door.filters(arrival.peer));
  return !asks || (arrival.line && arrival.line->names_peer()) || is_wanted();
}

void Connections::open(Arrival arrival) {
  if (!arrival.move && !welcomes(arrival)) return;
  const broker::Listener& listener = arrival.move ? *arrival.move->listener : arrival.door->listener;
  const broker::ClientKey client = arrival.move ? broker_.on_arrival(std::move(*arrival.move))
                                                : broker_.on_open(listener, std::move(arrival.address));
  if (client.index >= connections_.size()) connections_.resize(client.index + 1);
  Connection& connection = connections_[client.index];
  MORTISE_EXPECT(!connection.client);
  connection.socket = std::move(arrival.socket);
  connection.client = client;
  connection.unread = std::move(arrival.unread);
  connection.traffic = &listener.traffic->of(loop_);
  connection.line = std::move(arrival.line);
  connection.interest = readable;
  if (connection.line) {
    charge(*connection.line);
    if (!connection.line->sealed().empty()) connection.interest |= writable;
  }
  accounts_.charge(broker::Account::connection, static_cast<std::int64_t>(connection.unread.memory()));
  if (!poller_.add(connection.socket.number(), connection.interest, client.value())) return lose(connection);
  if (!connection.unread.empty()) feed(client, {});
}

void Connections::on_ready(std::uint64_t token, std::uint32_t events) {
  if (token & goodbye_bit) return on_goodbye(Goodbye::from(token & ~goodbye_bit));
  const auto client = broker::ClientKey::from(token);
  if (events & writable) flush(client, true);
  if (!(events & (readable | EPOLLHUP | EPOLLERR))) return;
  Connection* connection = find(client);
  if (!connection) return;
  if (connection->interest & readable)
    read(*connection);
  else if (events & (EPOLLHUP | EPOLLERR))  // reported whatever the interest
    lose(*connection);
}

// ---- in

void Connections::read(Connection& connection) {
  if (connection.line) [[unlikely]]
    return read_line(connection);
  const bool kept = waits(connection);
  std::array<iovec, 2> parts{};
  std::size_t count = 0;
  std::size_t room = 0;
  if (!kept && !connection.unread.empty()) {
    // The rest of a packet joins its start; what follows it need not be copied.
    const auto space = connection.unread.room(connection.needed - connection.unread.size(), accounts_);
    parts[count++] = {space.data(), room = space.size()};
  }
  parts[count++] = {buffer_.data(), kept ? waiting_bytes_max - connection.unread.size() : buffer_.size()};
  const ssize_t got = ::readv(connection.socket.number(), parts.data(), static_cast<int>(count));
  if (got < 0) {
    if (!is_for_later(errno)) lose(connection);
    return;
  }
  if (got == 0) return on_end_of_input(connection);
  const auto bytes = static_cast<std::size_t>(got);
  connection.traffic->bytes_in.add(bytes);
  const std::size_t joined = std::min(bytes, room);
  connection.unread.fill(joined);
  const mqtt::Bytes fresh{buffer_.data(), bytes - joined};
  if (!kept) return feed(connection.client, fresh);
  connection.unread.append(fresh, accounts_);
  set_interest(connection, connection.interest & writable);
}

void Connections::read_line(Connection& connection) {
  const bool kept = waits(connection);
  const std::size_t most = kept ? waiting_bytes_max - connection.unread.size() : buffer_.size();
  const ssize_t got = ::recv(connection.socket.number(), buffer_.data(), most, MSG_DONTWAIT);
  if (got < 0) {
    if (!is_for_later(errno)) lose(connection);
    return;
  }
  if (got == 0) return on_end_of_input(connection);
  const auto bytes = static_cast<std::size_t>(got);
  connection.traffic->bytes_in.add(bytes);
  Line& line = *connection.line;
  const broker::ClientKey client = connection.client;
  Line::Admits admits;
  if (broker_.asks_to_accept() && line.names_peer())
    admits = [&](const std::string& address) { return broker_.accepts(client, address); };
  const mqtt::Bytes plain = line.take({buffer_.data(), bytes}, scratch_, admits);
  if (line.is_refused()) return lose(connection);
  if (auto learnt = line.take_introduction())
    if (!introduce(connection, std::move(*learnt))) return;
  if (!line.sealed().empty()) broker_.effects().flush.push_back(client);
  charge(line);
  if (line.is_plain()) {
    uncharge(line);
    connection.line.reset();
  }
  if (!kept && !plain.empty()) return feed(client, plain);
  connection.unread.append(plain, accounts_);
  settle(connection);
}

// What its filters have learnt of the client. False: it may not stay.
bool Connections::introduce(Connection& connection, broker::Introduction learnt) {
  const auto address = address_in(learnt.address);
  broker_.on_introduced(connection.client, std::move(learnt));
  if (!address) return true;
  const auto limit = guests_.recognise(connection.socket, *address, now_);
  if (!limit) return true;
  ledger_.hit(*limit);
  broker_.on_hung_up(connection.client, *limit == broker::Limit::address_connections
                                            ? "more connections than limits.connections_per_address allows"
                                            : "more often than limits.connect_rate_per_address allows");
  lose(connection);
  return false;
}

// The peer may close at once after its last packets: those that wait are heard before the connection ends.
void Connections::on_end_of_input(Connection& connection) {
  if (!waits(connection)) return lose(connection);
  connection.ended = true;
  set_interest(connection, connection.interest & writable);
}

// Offers the broker what is unread, then what is fresh.
void Connections::feed(broker::ClientKey client, mqtt::Bytes fresh) {
  Connection* connection = find(client);
  if (!connection || connection->closing) return;
  if (!feed_unread(*connection, fresh)) return;
  if (!fresh.empty()) {
    const broker::Broker::Consumed consumed = broker_.on_input(client, fresh);
    fresh = fresh.subspan(consumed.bytes);
    if (departs(*connection, fresh)) return;
    connection->needed = consumed.needed;
    connection->unread.append(fresh, accounts_);
  }
  settle(*connection);
}

// False: the rest of `fresh` has been kept, and there is nothing more to do.
bool Connections::feed_unread(Connection& connection, mqtt::Bytes& fresh) {
  Unread& unread = connection.unread;
  while (!unread.empty()) {
    if (connection.needed > unread.size()) {
      const std::size_t joins = std::min(fresh.size(), connection.needed - unread.size());
      unread.append(fresh.first(joins), accounts_);
      fresh = fresh.subspan(joins);
      if (connection.needed > unread.size()) break;
    }
    const broker::Broker::Consumed consumed = broker_.on_input(connection.client, unread.bytes());
    unread.drop(consumed.bytes, accounts_);
    if (departs(connection, fresh)) return false;
    connection.needed = consumed.needed;
    if (waits(connection)) {
      unread.append(fresh, accounts_);
      fresh = {};
      break;
    }
  }
  return true;
}

// Whether the broker has just sent this client to its home loop. What it has not consumed goes with it.
bool Connections::departs(Connection& connection, mqtt::Bytes fresh) {
  std::vector<broker::Move>& moves = broker_.effects().moves;
  if (moves.empty()) return false;
  MORTISE_EXPECT(moves.size() == 1 && moves.back().client == connection.client);
  connection.unread.append(fresh, accounts_);
  poller_.remove(connection.socket.number());
  if (connection.line) uncharge(*connection.line);
  Arrival arrival;
  arrival.socket = std::move(connection.socket);
  arrival.move = std::move(moves.back());
  arrival.unread = std::move(connection.unread);
  arrival.line = std::move(connection.line);
  moves.clear();
  accounts_.charge(broker::Account::connection, -static_cast<std::int64_t>(arrival.unread.memory()));
  connection = {};
  departures_.push_back(std::move(arrival));
  return true;
}

void Connections::settle(Connection& connection) {
  const Line* line = connection.line.get();
  if (line && line->has_ended() && (line->has_failed() || !waits(connection))) return hang_up(connection);
  if (connection.ended && !waits(connection)) return lose(connection);
  set_interest(connection, connection.interest & writable);
}

// `writes`: writable while there is something the socket did not take.
void Connections::set_interest(Connection& connection, std::uint32_t writes) {
  const bool hears = !connection.closing && !connection.ended && !connection.clogged &&
                     (!waits(connection) || connection.unread.size() < waiting_bytes_max);
  const std::uint32_t wanted = (hears ? readable : 0U) | writes;
  if (wanted == connection.interest) return;
  connection.interest = wanted;
  poller_.change(connection.socket.number(), wanted, connection.client.value());
}

// ---- out

void Connections::write(broker::ClientKey client) {
  const Connection* connection = find(client);
  // A socket that did not take everything is written to when it says that it can.
  if (connection) flush(client, !(connection->interest & writable));
}

void Connections::flush(broker::ClientKey client, bool takes_more) {
  broker::Output* output = broker_.output(client);
  Connection* connection = find(client);
  if (!output || !connection || connection->deaf) return;
  if (takes_more && !send(*connection, *output)) {
    if (!is_still_to_be_heard(*connection, errno)) return lose(*connection);
    connection->deaf = true;  // its end is read, after its last packets: DISCONNECT may be among them
    return set_interest(*connection, 0);
  }
  const bool unwritten = has_unwritten(*connection, *output);
  if (unwritten || output->charged != 0) broker_.charge(*output);
  if (connection->closing && !unwritten) return finish(*connection);
  connection->clogged =
      output->size() > unwritten_max_ || (connection->line && connection->line->sealed().size() > sealed_max);
  set_interest(*connection, unwritten ? writable : 0U);
}

bool Connections::has_unwritten(const Connection& connection, const broker::Output& output) {
  const Line* line = connection.line.get();
  if (!line) return !output.empty();
  return !line->sealed().empty() || (!line->is_finished() && (!output.empty() || connection.closing));
}

// The poller reports the end of such a connection for as long as it is there.
bool Connections::is_still_to_be_heard(const Connection& connection, int error) const {
  return (error == EPIPE || error == ECONNRESET) && (connection.interest & readable) && !connection.closing;
}

// False: the connection is broken, errno says how.
bool Connections::send(Connection& connection, broker::Output& output) {
  if (connection.line) [[unlikely]]
    return send_sealed(connection, output);
  std::array<std::span<const std::uint8_t>, parts_max> parts;
  std::array<iovec, parts_max> vectors;
  for (int i = 0; i < sends_a_turn && !output.empty(); ++i) {
    const std::size_t count = output.gather(parts);
    std::size_t bytes = 0;
    for (std::size_t k = 0; k < count; ++k) {
      vectors[k] = {const_cast<std::uint8_t*>(parts[k].data()), parts[k].size()};
      bytes += parts[k].size();
    }
    msghdr message{};
    message.msg_iov = vectors.data();
    message.msg_iovlen = count;
    const ssize_t sent = ::sendmsg(connection.socket.number(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0) return is_for_later(errno);
    connection.traffic->bytes_out.add(static_cast<std::size_t>(sent));
    broker_.on_written(connection.client, output, static_cast<std::size_t>(sent));
    if (static_cast<std::size_t>(sent) < bytes) break;
  }
  return true;
}

bool Connections::send_sealed(Connection& connection, broker::Output& output) {
  Line& line = *connection.line;
  bool whole = true;
  for (int i = 0; i < sends_a_turn && whole; ++i) {
    seal(connection, output);
    const mqtt::Bytes sealed = line.sealed();
    ssize_t sent = 0;
    if (!sealed.empty())
      sent = ::send(connection.socket.number(), sealed.data(), sealed.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && !is_for_later(errno)) return false;
    const auto bytes = static_cast<std::size_t>(std::max<ssize_t>(sent, 0));
    connection.traffic->bytes_out.add(bytes);
    whole = bytes == sealed.size() && bytes != 0;
    line.sent(bytes, scratch_);
  }
  charge(line);
  return true;
}

// What is sealed counts as written. So that a large payload does not lie here twice, it is sealed in pieces.
void Connections::seal(Connection& connection, broker::Output& output) {
  Line& line = *connection.line;
  std::array<mqtt::Bytes, parts_max> parts;
  while (line.sealed().size() < sealed_high && !line.is_finished() && !output.empty()) {
    const std::size_t count = output.gather(parts);
    std::size_t bytes = 0;
    std::size_t used = 0;
    for (; used < count && bytes < sealed_high; ++used) {
      parts[used] = parts[used].first(std::min(parts[used].size(), sealed_high - bytes));
      bytes += parts[used].size();
    }
    line.give(std::span{parts}.first(used), scratch_);
    broker_.on_written(connection.client, output, bytes);
  }
  if (connection.closing && output.empty()) line.finish(scratch_);
}

void Connections::charge(Line& line) {
  const std::size_t memory = line.memory();
  if (memory == line.charged) return;
  accounts_.charge(broker::Account::connection,
                   static_cast<std::int64_t>(memory) - static_cast<std::int64_t>(line.charged));
  line.charged = memory;
}

// ---- ends

void Connections::close(broker::ClientKey client) {
  Connection* connection = find(client);
  if (!connection || connection->closing) return;
  connection->closing = true;
  connection->unread.clear(accounts_);
  const broker::Output* output = broker_.output(client);
  if (!output || !has_unwritten(*connection, *output)) return finish(*connection);
  closing_.push({now_ + last_words_time, client.value()});
  set_interest(*connection, writable);
}

void Connections::shed_largest() {
  Connection* largest = nullptr;
  std::uint64_t most = 0;
  for (Connection& connection : connections_) {
    const std::uint64_t held = connection.client && !connection.closing ? broker_.held(connection.client) : 0;
    if (held == 0) continue;
    const std::uint64_t with_ours = held + (waits(connection) ? 0 : connection.unread.memory()) +
                                    (connection.line ? connection.line->memory() : 0);
    if (with_ours <= most) continue;
    most = with_ours;
    largest = &connection;
  }
  if (!broker_.sheds(most) || !largest) return;
  broker_.on_hung_up(largest->client, "limits.memory is used up, and this connection held most of it");
  lose(*largest);
}

// The peer or its bytes have ended a filter: what filters have to say to that is still written.
void Connections::hang_up(Connection& connection) {
  const auto level = connection.line->is_harmless() ? broker::LogLevel::info : broker::LogLevel::warning;
  broker_.on_hung_up(connection.client, connection.line->wrong(), level);
  connection.line->finish(scratch_);
  charge(*connection.line);
  close(connection.client);
}

// The broker is told, and the socket closes without another word.
void Connections::lose(Connection& connection) {
  broker_.on_lost(connection.client);
  release(connection);
}

void Connections::release(Connection& connection) {
  uncharge(connection);
  connection = {};
}

void Connections::uncharge(Connection& connection) {
  connection.unread.clear(accounts_);
  if (connection.line) uncharge(*connection.line);
}

void Connections::uncharge(Line& line) {
  accounts_.charge(broker::Account::connection, -static_cast<std::int64_t>(std::exchange(line.charged, 0)));
}

void Connections::finish(Connection& connection) {
  Socket socket = std::move(connection.socket);
  const bool peer_has_ended = connection.ended;
  lose(connection);
  if (!peer_has_ended) say_goodbye(std::move(socket));
}

void Connections::say_goodbye(Socket socket) {
  if (::shutdown(socket.number(), SHUT_WR) != 0 || has_heard_out(socket)) return;
  const int number = socket.number();
  const Goodbye goodbye = goodbyes_.emplace(std::move(socket));
  leaving_.push({now_ + goodbye_time, goodbye.value()});
  poller_.change(number, readable, goodbye.value() | goodbye_bit);
}

// Swallows what came. Whether that was all there will be.
bool Connections::has_heard_out(const Socket& socket) {
  for (int i = 0; i < goodbye_reads; ++i) {
    const ssize_t got = ::recv(socket.number(), buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (got == 0) return true;
    if (got < 0) return !is_for_later(errno);
  }
  return false;
}

void Connections::on_goodbye(Goodbye goodbye) {
  const Socket* socket = goodbyes_.find(goodbye);
  if (socket && has_heard_out(*socket)) goodbyes_.erase(goodbye);
}

void Connections::on_time(base::TimePoint now) {
  now_ = now;
  while (!closing_.empty() && closing_.front().at <= now)
    if (Connection* connection = find(broker::ClientKey::from(closing_.pop().who))) lose(*connection);
  while (!leaving_.empty() && leaving_.front().at <= now) {
    const auto goodbye = Goodbye::from(leaving_.pop().who);
    if (goodbyes_.find(goodbye)) goodbyes_.erase(goodbye);
  }
}

base::TimePoint Connections::next_deadline() const {
  base::TimePoint next = base::never;
  if (!closing_.empty()) next = std::min(next, closing_.front().at);
  if (!leaving_.empty()) next = std::min(next, leaving_.front().at);
  return next;
}

void Connections::drop_all() {
  for (Connection& connection : connections_)
    if (connection.client) lose(connection);
  goodbyes_.each([&](Goodbye goodbye, Socket&) { goodbyes_.erase(goodbye); });
}

}  // namespace mortise::net
