// Which plugin the control thread has called, for the case that the plugin ends the process: exit() and an
// exception that nobody catches would otherwise leave no word about who did it.
//
// Thread: made and ended by the control thread, in the order of a stack; read wherever the process ends.
// Cost:   two stores; the first one registers what is called at the end.
// Fails:  never. Nothing is said of _exit(), abort() and signals.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace mortise::host {

class InPlugin {
 public:
  // `doing` completes the sentence: "in configure()", "being opened". Both texts must outlive it.
  InPlugin(const std::string& name, const std::filesystem::path& file, std::string_view doing);
  ~InPlugin();
  InPlugin(const InPlugin&) = delete;
  InPlugin& operator=(const InPlugin&) = delete;

  // To standard error, as there may be no log any more.
  void tell(std::string_view what_happened) const noexcept;

 private:
  const std::string& name_;
  const std::filesystem::path& file_;
  std::string_view doing_;
  const InPlugin* outer_;
};

}  // namespace mortise::host
