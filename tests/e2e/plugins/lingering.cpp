// A plugin that takes its time to begin, and more to end: it starts when the file is gone that its
// `start_without` names, if any (beside it, FILE.held says that it waits), and is never done with what `owes`
// says it owes.
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <mortise/plugin.hpp>
#include <optional>
#include <string>
#include <thread>

class Lingering {
 public:
  Lingering(mortise::host, mortise::config config)
      : start_without_{config.text("/start_without", "")}, owes_{config.boolean("/owes", false)} {}
  void start() const {
    if (start_without_.empty()) return;
    std::ofstream{start_without_ + ".held"} << "held\n";
    const auto end = std::chrono::steady_clock::now() + std::chrono::minutes{2};
    while (::access(start_without_.c_str(), F_OK) == 0 && std::chrono::steady_clock::now() < end)
      std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
  mortise::answer drain(mortise::call now) {
    if (!owes_) return mortise::allow;
    owed_ = now.defer();
    return owed_ ? mortise::pending : mortise::fallback;
  }

 private:
  const std::string start_without_;
  const bool owes_;
  std::optional<mortise::token> owed_;
};
MORTISE_PLUGIN(Lingering, "org.mortise.test.lingering", "1.0.0", R"({
  "type": "object",
  "additionalProperties": false,
  "properties": {"start_without": {"type": "string"}, "owes": {"type": "boolean"}}
})");
