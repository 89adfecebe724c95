// A filter of net, its input in every split: all of them have to come to the same.
#pragma once

#include <sstream>

#include "net/played.hpp"
#include "target.hpp"

namespace mortise::fuzz {

// What came of the input when it came whole, `before` in front of it. `check` sees the filter when it has
// taken the last piece, and may take out of the outcome what chance decides.
template <class Make, class Check>
net::Played played_in_every_split(Make make, std::string_view before, Bytes input, Check check) {
  const auto splits = every_split(input);
  net::Played whole;
  for (const auto& split : splits) {
    std::vector<std::vector<std::uint8_t>> copies;
    std::vector<std::string_view> pieces{before};
    for (const Bytes piece : split) pieces.push_back(text_of(copies.emplace_back(exact(piece))));
    const auto filter = make();
    net::Played outcome = net::played(*filter, pieces);
    check(*filter, outcome);
    if (&split == &splits.front()) {
      whole = std::move(outcome);
    } else if (!(outcome == whole)) {
      std::ostringstream both;
      both << "a filter does the same whatever the pieces\n whole  " << whole << "\n pieces " << outcome;
      promise(false, both.str());
    }
  }
  return whole;
}

}  // namespace mortise::fuzz
