// Files of a test's own, lines written to them, and what they hold afterwards.
#pragma once

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "event.hpp"
#include "writer.hpp"

namespace mortise::log {

namespace fs = std::filesystem;

class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "mortise-log-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~Folder() { fs::remove_all(path_); }
  std::string operator/(const char* name) const { return (path_ / name).string(); }

 private:
  fs::path path_;
};

inline std::string content_of(const std::string& path) {
  std::ifstream in{path};
  return {std::istreambuf_iterator<char>{in}, {}};
}

// The texts of the lines, without what stands before: "connected|lost  lines=3".
inline std::string texts_in(const std::string& path) {
  std::ifstream in{path};
  std::string out;
  for (std::string line; std::getline(in, line);)
    out += (out.empty() ? "" : "|") + (line.size() > 41 ? line.substr(41) : "<" + line + ">");
  return out;
}

inline SinkSettings file(const std::string& path, Levels levels = {}) {
  return {SinkSettings::Kind::file, Format::text, std::move(levels), path, "/sinks/0"};
}

inline void write(Writer& writer, std::initializer_list<Event> events) {
  std::vector<mortise_log_event_t> raw;
  std::vector<const mortise_log_event_t*> list;
  for (const Event& event : events) raw.push_back(event.raw());
  for (const mortise_log_event_t& each : raw) list.push_back(&each);
  writer.write(list);
}

// As if the disk had room for this much of one file.
class SmallDisk {
 public:
  explicit SmallDisk(rlim_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit small{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &small);
  }
  ~SmallDisk() { setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

// Standard error replaced for a while.
class Stderr {
 public:
  explicit Stderr(int by) : before_{dup(STDERR_FILENO)} { dup2(by, STDERR_FILENO); }
  ~Stderr() {
    dup2(before_, STDERR_FILENO);
    close(before_);
  }

 private:
  int before_;
};

}  // namespace mortise::log
