// What a connection with filters has between its socket and the broker: the filters in order, and the bytes
// they have sealed that the socket has not taken. A plain connection has none of this.
//
// Thread: the loop of its connection; moves with it.   Owns: the filters, the sealed bytes.
// Cost:   an idle line keeps no bytes; what passes through is worked on in the loop's scratch buffers.
// Fails:  never; a filter's failure is remembered, and the connection ends for it.
#pragma once

#include <array>
#include <memory>

#include "net/filter.hpp"

namespace mortise::net {

class Line {
 public:
  explicit Line(Filters filters) : filters_{std::move(filters)} {}

  // Buffers of a loop in which the bytes of its lines are worked on, one line after the other.
  struct Scratch {
    std::array<mqtt::Buffer, 2> up, down;
    mqtt::Buffer answer;
    mqtt::Buffer spare;  // lent to the line that seals
  };

  // Asked when the filter that names the peer is over, before those above it see their first byte. `address`
  // is empty when it named none. False: the peer may not stay, and nothing is said to it.
  using Admits = std::function<bool(const std::string& address)>;
  // Whether that question is still to come.
  bool names_peer() const { return !filters_.empty() && filters_.front()->names_peer(); }

  // ---- in
  // Bytes from the socket; returns what they mean to the broker, valid until the next call with this scratch.
  // `admits`: empty: everybody is admitted.
  mqtt::Bytes take(mqtt::Bytes raw, Scratch& scratch, const Admits& admits = {});
  // What take() has learnt of the peer; null: nothing new.
  std::unique_ptr<Introduction> take_introduction() noexcept { return std::move(learnt_); }
  // The peer has said goodbye, or said something wrong: nothing more comes from it.
  bool has_ended() const noexcept { return end_ != End::none; }
  // A failure is not waited with until everything before it has been answered.
  bool has_failed() const noexcept { return end_ == End::failed; }
  const std::string& wrong() const noexcept { return wrong_; }
  bool is_harmless() const noexcept { return harmless_; }  // see Filter
  bool is_refused() const noexcept { return refused_; }    // by take()'s `admits`

  // ---- out
  void give(std::span<const mqtt::Bytes> parts, Scratch& scratch);
  // The filters' last words, from the top. After them nothing is given any more.
  void finish(Scratch& scratch);
  bool is_finished() const noexcept { return finished_; }

  // For the socket.
  mqtt::Bytes sealed() const noexcept { return mqtt::Bytes{sealed_}.subspan(sent_); }
  void sent(std::size_t count, Scratch& scratch);

  // No filter has anything to do any more, and nothing is sealed: it may be taken away.
  bool is_plain() const noexcept { return filters_.empty() && sealed_.empty() && !has_ended(); }
  std::size_t memory() const noexcept;
  std::size_t charged = 0;  // to the account of connections, by whoever has the line

 private:
  enum class End : std::uint8_t { none, ended, failed };

  bool note(std::size_t index, const base::Result<Filter::Progress, std::string>& progress);
  void introduce(const Introduction& introduction);
  void send_down(std::size_t top, std::span<const mqtt::Bytes> parts, Scratch& scratch);
  void borrow(Scratch& scratch) noexcept;

  Filters filters_;
  mqtt::Buffer sealed_;
  std::size_t sent_ = 0;  // of them
  std::unique_ptr<Introduction> learnt_;
  std::string wrong_;
  std::size_t failed_at_ = 0;
  End end_ = End::none;
  bool finished_ = false;
  bool harmless_ = false;
  bool refused_ = false;
};

}  // namespace mortise::net
