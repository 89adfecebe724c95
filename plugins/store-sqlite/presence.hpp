// Whether a file that is open still stands under its name, or was deleted, moved away or covered by another.
//
// Thread: one at a time.
// Owns:   a descriptor without access to the content: unlike any other, it can be closed without dropping the
//         locks that SQLite has on the file.
// Fails:  the constructor throws std::system_error.
#pragma once

#include <string>

namespace mortise::store_sqlite {

class Presence {
 public:
  // The file must be there, and be the one that is meant.
  explicit Presence(std::string path);
  ~Presence();
  Presence(Presence&& other) noexcept;
  Presence& operator=(Presence&&) = delete;

  bool is_there() const noexcept;
  const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
  int file_;
};

}  // namespace mortise::store_sqlite
