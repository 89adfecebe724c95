// From the words of one line to a step.
//
// Fails: with Unreadable at the word that is wrong.
#pragma once

#include "step.hpp"
#include "words.hpp"

namespace mortise::conformance {

// `before_5_0`: the step is played in 3.1.1, too, so that properties and reason codes of a client are faults.
Step read_step(Words& words, bool before_5_0);

}  // namespace mortise::conformance
