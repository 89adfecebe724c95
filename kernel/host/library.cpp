#include "host/library.hpp"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define BOOST_DLL_USE_STD_FS
#include <algorithm>
#include <array>
#include <boost/dll/shared_library.hpp>
#include <deque>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace mortise::host {

namespace {

constexpr const char* entry_symbol = "mortise_plugin_entry";

// Never destroyed: threads of a plugin, or its thread-local destructors,
// may outlive every other object of ours.
std::deque<boost::dll::shared_library>& opened_libraries() {
  static auto* const libraries = new std::deque<boost::dll::shared_library>;
  return *libraries;
}

// A file that was opened, and by which path: its own, or that of a copy.
struct Opened {
  FileIdentity identity;
  std::filesystem::path by;
};
std::map<std::filesystem::path, std::vector<Opened>>& opened_files() {
  static auto* const files = new std::map<std::filesystem::path, std::vector<Opened>>;
  return *files;
}

// A copy in memory, by a name that nothing else has as long as the process lives: it is never closed.
std::filesystem::path copied(const std::filesystem::path& file) {
  const int copy = ::memfd_create(file.filename().c_str(), MFD_CLOEXEC);
  std::ifstream in{file, std::ios::binary};
  std::array<char, 64 * 1024> piece;
  while (copy >= 0 && in) {
    in.read(piece.data(), piece.size());
    for (std::streamsize at = 0; at < in.gcount();) {
      const ssize_t put = ::write(copy, piece.data() + at, static_cast<std::size_t>(in.gcount() - at));
      if (put <= 0) throw std::system_error{errno, std::generic_category(), "a copy in memory"};
      at += put;
    }
  }
  if (copy < 0 || in.bad()) throw std::system_error{errno, std::generic_category(), "a copy in memory"};
  return "/proc/self/fd/" + std::to_string(copy);
}

// What the loader is to be given for this file.
std::filesystem::path to_open(const std::filesystem::path& file) {
  const auto identity = FileIdentity::of(file);
  if (!identity) return file;
  std::vector<Opened>& known = opened_files()[file];
  const auto same = std::ranges::find(known, *identity, &Opened::identity);
  if (same != known.end()) return same->by;
  return known.emplace_back(Opened{*identity, known.empty() ? file : copied(file)}).by;
}

// Boost puts words of its own around dlerror's and an errno that means nothing behind them; dlerror's name
// the file already.
std::string dlerrors_part(std::string_view said) {
  constexpr std::string_view before = "dlerror system message: ";
  const std::size_t begin = said.find(before);
  if (begin == said.npos) return std::string{said};
  said.remove_prefix(begin + before.size());
  return std::string{said.substr(0, said.rfind("): "))};
}

}  // namespace

std::optional<FileIdentity> FileIdentity::of(const std::filesystem::path& file) {
  struct stat is {};
  if (::stat(file.c_str(), &is) != 0) return {};
  return FileIdentity{is.st_dev, is.st_ino, static_cast<std::uint64_t>(is.st_size),
                      std::int64_t{is.st_mtim.tv_sec} * 1'000'000'000 + is.st_mtim.tv_nsec};
}

base::Result<std::filesystem::path, config::Refusal> find_library(
    const std::string& name, std::span<const std::filesystem::path> folders) {
  std::error_code ignored;
  if (std::filesystem::path{name}.is_absolute()) {
    if (std::filesystem::is_regular_file(name, ignored)) return std::filesystem::path{name};
    return base::Failure{config::Refusal{"there is no file " + name, "build it, or correct the path"}};
  }
  std::string tried;
  for (const auto& folder : folders) {
    const std::filesystem::path file = folder / (name + ".so");
    if (std::filesystem::is_regular_file(file, ignored)) return file;
    tried += (tried.empty() ? "" : ", ") + file.string();
  }
  return base::Failure{config::Refusal{
      "there is no plugin library " + config::in_quotes(name) + (tried.empty() ? "" : "; tried " + tried),
      folders.empty() ? "kernel/plugin_path names no folder"
                      : "install the plugin, or add its folder to kernel/plugin_path"}};
}

base::Result<ExportedEntry, config::Refusal> open_library(const std::filesystem::path& file) {
  try {
    const auto mode = boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local;
    boost::dll::shared_library library{to_open(file), mode};
    const bool has_entry = library.has(entry_symbol);
    const void* const at = has_entry ? &library.get<const char>(entry_symbol) : nullptr;
    opened_libraries().push_back(std::move(library));
    if (!has_entry)
      return base::Failure{
          config::Refusal{file.string() + " is no Mortise plugin: it exports no " + entry_symbol,
                          "build it with mortise_add_plugin()"}};
    Dl_info info{};
    const ElfW(Sym)* symbol = nullptr;
    const int found =
        ::dladdr1(at, &info, const_cast<void**>(reinterpret_cast<const void**>(&symbol)), RTLD_DL_SYMENT);
    if (found == 0 || symbol == nullptr || ELF64_ST_TYPE(symbol->st_info) != STT_OBJECT)
      return base::Failure{config::Refusal{file.string() + ": " + entry_symbol + " is not data",
                                           "export it as a mortise_plugin_entry_t"}};
    return ExportedEntry{at, static_cast<std::size_t>(symbol->st_size)};
  } catch (const std::exception& failure) {
    return base::Failure{config::Refusal{"the library cannot be opened: " + dlerrors_part(failure.what()),
                                         "is it a plugin built for this machine?"}};
  }
}

}  // namespace mortise::host
