// A value or the reason there is none. (std::expected is not in g++ 12.)
//
// Owns: its value.   Fails: reading the side that is not there breaks the contract.
#pragma once

#include <utility>
#include <variant>

#include "base/contract.hpp"

namespace mortise::base {

template <class E>
struct Failure {
  E error;
};
template <class E>
Failure(E) -> Failure<E>;

template <class T, class E>
class [[nodiscard]] Result {
 public:
  Result(const T& value) : side_{std::in_place_index<0>, value} {}
  Result(T&& value) : side_{std::in_place_index<0>, std::move(value)} {}
  Result(Failure<E> failure) : side_{std::in_place_index<1>, std::move(failure.error)} {}

  explicit operator bool() const noexcept { return side_.index() == 0; }

  T& operator*() & { return checked(*this); }
  const T& operator*() const& { return checked(*this); }
  T* operator->() { return &checked(*this); }
  const T* operator->() const { return &checked(*this); }
  T take() && { return std::move(checked(*this)); }

  const E& error() const {
    MORTISE_EXPECT(side_.index() == 1);
    return *std::get_if<1>(&side_);
  }

 private:
  template <class Self>
  static auto& checked(Self& self) {
    MORTISE_EXPECT(self.side_.index() == 0);
    return *std::get_if<0>(&self.side_);
  }
  std::variant<T, E> side_;
};

}  // namespace mortise::base
