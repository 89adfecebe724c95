// Whether the verbs a plugin lists can be offered to an operator.
//
// Thread: the control thread.   Owns: nothing.   Cost: reads each schema.
#pragma once

#include <string>

#include "mortise/hooks/control.h"

namespace mortise::host {

// What is malformed, to follow the name of the library; empty: nothing.
std::string problem_of_verbs(const mortise_control_t& table);

}  // namespace mortise::host
