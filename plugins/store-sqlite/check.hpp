// A look at a store's structure while it is in use, bounded in time.
//
// Thread: one that may wait.   Cost: reads all of the main file, if there is time.
// Fails:  by Failure when the store cannot be read at all.
#pragma once

#include <atomic>
#include <chrono>
#include <string>

namespace mortise::store_sqlite {

// "ok", what is wrong, or how far it came within `within`. Ends early once `ended` is true.
std::string check_store(const std::string& path, std::chrono::nanoseconds within,
                        const std::atomic<bool>& ended);

}  // namespace mortise::store_sqlite
