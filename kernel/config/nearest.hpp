// The known word somebody probably meant.
//
// Thread: any.   Cost: the product of the lengths, per known word.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace mortise::config {

// The one known name that begins as written, else the one that takes the fewest letters inserted, left out,
// replaced or swapped with their neighbour, upper and lower case being equal; empty when even that one is too
// far to be a slip. The first wins a tie.
std::optional<std::string_view> nearest_name(std::string_view written,
                                             std::span<const std::string_view> known);

}  // namespace mortise::config
