// The known word somebody probably meant.
//
// Thread: any.   Cost: the product of the lengths, per known word.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mortise::auth_file {

// The known word with the fewest letters inserted, left out or replaced; empty when more than a third of the
// written one would have to change.
std::optional<std::string> nearest(std::string_view written, const std::vector<std::string>& known);

// `did you mean "…"?`, or nothing.
std::string suggestion(std::string_view written, const std::vector<std::string>& known);

}  // namespace mortise::auth_file
