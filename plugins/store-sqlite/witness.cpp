#include "witness.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>
#include <zlib.h>

#include <array>
#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "schema.hpp"

namespace mortise::store_sqlite {
namespace {

constexpr std::size_t place_size = 512;  // a sector: written whole or not at all
using Place = std::array<char, place_size>;

unsigned long sum_of(const char* text, std::size_t size) {
  return crc32_z(0, reinterpret_cast<const Bytef*>(text), size);
}

constexpr const char* form = "mortise store witness\nschema %" PRId64 "\nturn %020" PRIu64
                             "\nwritten %020" PRIu64 "\nsynced %020" PRIu64 "\n";
constexpr const char* form_read =
    "mortise store witness\nschema %" SCNd64 "\nturn %" SCNu64 "\nwritten %" SCNu64 "\nsynced %" SCNu64 "\n";

Place print(const Witness::Lines& lines, std::uint64_t turn) {
  Place out{};
  const int used =
      std::snprintf(out.data(), out.size(), form, lines.schema, turn, lines.written, lines.synced);
  const auto size = static_cast<std::size_t>(used);
  std::snprintf(out.data() + size, out.size() - size, "sum %08lx\n", sum_of(out.data(), size));
  return out;
}

// False: torn, damaged, or not there.
bool parse(const Place& place, Witness::Lines& lines, std::uint64_t& turn) {
  const auto* end = static_cast<const char*>(std::memchr(place.data(), '\0', place.size()));
  if (!end) return false;
  return std::sscanf(place.data(), form_read, &lines.schema, &turn, &lines.written, &lines.synced) == 4 &&
         place == print(lines, turn);
}

}  // namespace

Witness::Witness(const std::string& path) : path_{path}, file_{open_locked(path)}, present_{path} { read(); }

int Witness::open_locked(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
  if (file < 0) throw std::system_error{errno, std::generic_category(), path + ": cannot be opened"};
  if (::flock(file, LOCK_EX | LOCK_NB) == 0) return file;
  ::close(file);
  throw std::runtime_error{path + ": is locked: another broker uses this store"};
}

void Witness::stay() {
  const std::lock_guard lock{mutex_};
  if (present_->is_there()) return;
  const int file = open_locked(path_);
  ::close(std::exchange(file_, file));
  present_.emplace(path_);
  write();
}

Witness::~Witness() { ::close(file_); }

void Witness::read() {
  for (int index = 0; index < 2; ++index) {
    Place place{};
    Lines lines;
    std::uint64_t turn = 0;
    const auto offset = static_cast<off_t>(index * place_size);
    if (::pread(file_, place.data(), place.size(), offset) != static_cast<ssize_t>(place.size())) continue;
    if (!parse(place, lines, turn) || (found_ && turn <= turn_)) continue;
    found_ = lines_ = lines;
    turn_ = turn;
  }
  lines_.schema = schema_version;
}

void Witness::write() {
  const Place place = print(lines_, ++turn_);
  const auto offset = static_cast<off_t>((turn_ % 2) * place_size);
  if (::pwrite(file_, place.data(), place.size(), offset) != static_cast<ssize_t>(place.size()))
    error_ = errno != 0 ? errno : EIO;
}

void Witness::written(std::uint64_t commits) {
  const std::lock_guard lock{mutex_};
  lines_.written = commits;
  write();
}

void Witness::synced(std::uint64_t commits) {
  const std::lock_guard lock{mutex_};
  lines_.synced = commits;
  write();
}

void Witness::sync() {
  if (::fdatasync(file_) != 0) error_ = errno;
}

}  // namespace mortise::store_sqlite
