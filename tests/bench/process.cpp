#include "process.hpp"

#include <unistd.h>

#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>

namespace mortise::bench {

namespace {

std::string text_of(pid_t pid, const char* file) {
  const std::string path = "/proc/" + std::to_string(pid) + "/" + file;
  std::ifstream in{path};
  std::ostringstream text;
  text << in.rdbuf();
  if (!in || text.str().empty()) throw std::runtime_error{"cannot read " + path};
  return text.str();
}

// The number behind "Name:", which the kernel gives in KiB.
std::int64_t row_of(pid_t pid, const char* file, const std::string& name) {
  std::istringstream lines{text_of(pid, file)};
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with(name + ":")) return std::stoll(line.substr(name.size() + 1)) * 1024;
  throw std::runtime_error{"no row " + name + " in " + file};
}

}  // namespace

double Process::cpu_seconds() const {
  const std::string stat = text_of(pid_, "stat");
  // The program's name stands in parentheses and may hold blanks: fields are counted from behind it, the
  // third on.
  std::istringstream fields{stat.substr(stat.rfind(')') + 2)};
  constexpr int fields_before_utime = 11;
  std::string skipped;
  for (int i = 0; i < fields_before_utime; ++i) fields >> skipped;
  double user = 0, system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

std::int64_t Process::proportional_bytes() const { return row_of(pid_, "smaps_rollup", "Pss"); }
std::int64_t Process::resident_bytes() const { return row_of(pid_, "status", "VmRSS"); }

}  // namespace mortise::bench
