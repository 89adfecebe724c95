// Changing a small file so that every reader sees the old one or the new one whole, also after a power cut.
//
// Thread: one; several processes wait for each other.
// Owns: a lock on the file as long as the object lives.
// Fails: by std::system_error; the file is then as it was, and nothing is left beside it.
#pragma once

#include <sys/types.h>

#include <string>

namespace mortise::auth_file {

class FileReplacement {
 public:
  // Locks and reads `path`; a link is followed. A file that is not there is empty, with mode 0640.
  explicit FileReplacement(const std::string& path);
  FileReplacement(const FileReplacement&) = delete;
  FileReplacement& operator=(const FileReplacement&) = delete;
  ~FileReplacement();

  bool exists() const { return locked_ >= 0; }
  const std::string& text() const { return text_; }

  // Writes a file beside it, syncs it, gives it the old one's mode and owner, and its name.
  void replace(const std::string& text);

 private:
  void lock();
  void read();
  void fill(int file, const std::string& text) const;

  std::string path_;
  std::string text_;
  int locked_ = -1;
  mode_t mode_ = 0640;
  uid_t user_ = 0;
  gid_t group_ = 0;
};

}  // namespace mortise::auth_file
