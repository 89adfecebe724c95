// Finding a plugin's file and opening it, without running a function of the plugin.
//
// Thread: the control thread.
// Owns:   the opened libraries and copies in memory, for ever: a stopped plugin stays mapped until the process
//         ends.
// Fails:  with the loader's own words and the file's name.
// Source: dlopen(3); RTLD_NOW so that an undefined symbol shows here and not in a hook, RTLD_LOCAL so that
// plugins do
//         not see each other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include "base/result.hpp"
#include "config/finding.hpp"

namespace mortise::host {

// The file of a library: `name` is a bare name to look for as <folder>/<name>.so, or an absolute path.
base::Result<std::filesystem::path, config::Refusal> find_library(
    const std::string& name, std::span<const std::filesystem::path> folders);

// What a file is like: another one may stand in its place by now.
struct FileIdentity {
  std::uint64_t device = 0, number = 0, size = 0;
  std::int64_t changed_ns = 0;
  friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
  // Empty: it is not there.
  static std::optional<FileIdentity> of(const std::filesystem::path& file);
};

// The symbol a plugin exports, as the bytes it occupies. Valid until the process ends.
struct ExportedEntry {
  const void* at = nullptr;
  std::size_t size = 0;  // as the library's symbol table states it
};
// Where another file has been opened by this path before, the new one is read into memory and opened there:
// the loader takes a path it knows for the library it knows.
base::Result<ExportedEntry, config::Refusal> open_library(const std::filesystem::path& file);

}  // namespace mortise::host
