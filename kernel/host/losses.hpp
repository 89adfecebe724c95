// Reasons of plugins to give messages up and to refuse connections, and how many went that way.
//
// Thread: any.   Owns: the rows, to the end of the host.
// Source: mortise/services/ledger.h.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace mortise::host {

class Losses {
 public:
  struct Row {
    std::string name;  // "<instance>.<name>", or "plugin" for what names no reason
    std::string help;
    std::uint64_t messages = 0;
    std::uint64_t bytes = 0;
    std::uint64_t connections = 0;
  };

  Losses() : rows_{{"plugin", "a plugin gave it up without a reason"}} {}

  // The number of a reason of an instance; the same name gives the same number, also after the instance was
  // replaced. Empty: it has named so many already that no new one is shown.
  std::optional<std::uint32_t> reason(const std::string& instance, const std::string& name,
                                      const std::string& help) {
    const std::lock_guard lock{mutex_};
    const std::string prefix = instance + '.', whole = prefix + name;
    std::size_t of_instance = 0;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      if (rows_[i].name == whole) return static_cast<std::uint32_t>(i);
      // Names of instances may have dots, those of reasons have none.
      of_instance +=
          rows_[i].name.starts_with(prefix) && rows_[i].name.find('.', prefix.size()) == std::string::npos;
    }
    if (of_instance >= reasons_max) return std::nullopt;
    rows_.push_back({whole, help});
    return static_cast<std::uint32_t>(rows_.size() - 1);
  }
  // An unknown number counts as "plugin".
  void lose(std::uint32_t loss, std::uint64_t messages, std::uint64_t bytes) {
    const std::lock_guard lock{mutex_};
    Row& row = rows_[loss < rows_.size() ? loss : 0];
    row.messages += messages;
    row.bytes += bytes;
  }
  // One message that a hook answered DROP to.
  void count_message(std::uint32_t loss) { lose(loss, 1, 0); }
  // One connection that `accept` denied.
  void count_connection(std::uint32_t loss) {
    const std::lock_guard lock{mutex_};
    ++rows_[loss < rows_.size() ? loss : 0].connections;
  }

  std::vector<Row> rows() const {
    const std::lock_guard lock{mutex_};
    return rows_;
  }

 private:
  static constexpr std::size_t reasons_max = 128;  // of one instance: each is a series of a metric

  mutable std::mutex mutex_;
  std::vector<Row> rows_;
};

}  // namespace mortise::host
