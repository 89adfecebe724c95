#include "check.hpp"

#include "database.hpp"

namespace mortise::store_sqlite {
namespace {

constexpr int instructions_a_look = 2000;  // well below a millisecond

struct Limit {
  std::chrono::steady_clock::time_point until;
  const std::atomic<bool>& ended;

  static int is_over(void* self) {
    const auto& me = *static_cast<const Limit*>(self);
    return me.ended || std::chrono::steady_clock::now() >= me.until ? 1 : 0;
  }
};

}  // namespace

std::string check_store(const std::string& path, std::chrono::nanoseconds within,
                        const std::atomic<bool>& ended) {
  Connection look{path, SQLITE_OPEN_READWRITE};
  look.run("PRAGMA query_only = ON");
  Limit limit{std::chrono::steady_clock::now() + within, ended};
  sqlite3_progress_handler(look.handle(), instructions_a_look, &Limit::is_over, &limit);
  std::string found;
  try {
    Statement asked{look, "PRAGMA quick_check(10)"};
    while (asked.step()) found += (found.empty() ? "" : "; ") + std::string{view(asked.text(0))};
  } catch (const Failure&) {
    if (!Limit::is_over(&limit)) throw;
    return (found.empty() ? "nothing wrong so far" : found) + "; ended after the time it was given";
  }
  return found;
}

}  // namespace mortise::store_sqlite
