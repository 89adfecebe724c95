// The state of a link as JSON, for the retained message people and programs look at.
//
// Thread: the link's.
#pragma once

#include <string>

#include "link.hpp"

namespace mortise::bridge {

std::string state_of(const Link& link);

}  // namespace mortise::bridge
