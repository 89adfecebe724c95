// Contract checks: a broken invariant of ours stops the process, in release builds too.
//
// Thread: any.   Cost: one predicted branch.   Fails: prints file, line and the broken promise, then aborts.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace mortise::base {

[[noreturn]] inline void contract_broken(const char* what, const char* file, int line) noexcept {
  std::fprintf(stderr, "%s:%d: internal error: expected %s; please report this\n", file, line, what);
  std::abort();
}

}  // namespace mortise::base

// A macro, because only a macro knows the line and the text of what was expected.
#define MORTISE_EXPECT(condition) \
  ((condition) ? static_cast<void>(0) : ::mortise::base::contract_broken(#condition, __FILE__, __LINE__))
