#include "host/in_plugin.hpp"

#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <exception>

namespace mortise::host {

namespace {

std::atomic<const InPlugin*> current{nullptr};
std::terminate_handler terminate_before = nullptr;

void tell_of_exit() {
  if (const InPlugin* const called = current.exchange(nullptr))
    called->tell("the process was ended by exit()");
}

[[noreturn]] void tell_of_terminate() {
  if (const InPlugin* const called = current.exchange(nullptr)) called->tell("an exception got out");
  if (terminate_before) terminate_before();
  std::abort();
}

void watch_the_end() {
  static const bool watching = [] {
    terminate_before = std::set_terminate(&tell_of_terminate);
    return std::atexit(&tell_of_exit) == 0;
  }();
  (void)watching;
}

}  // namespace

InPlugin::InPlugin(const std::string& name, const std::filesystem::path& file, std::string_view doing)
    : name_{name}, file_{file}, doing_{doing} {
  watch_the_end();
  outer_ = current.exchange(this);
}

InPlugin::~InPlugin() { current = outer_; }

void InPlugin::tell(std::string_view what_happened) const noexcept {
  try {
    std::string text = "mortise: ";
    text.append(what_happened).append(" while plugin \"").append(name_).append("\" was ").append(doing_);
    text.append(" (")
        .append(file_.native())
        .append("); take it out of the configuration, and tell its author\n");
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text.data(), text.size());
  } catch (const std::exception&) {
    // Without memory there is nothing left to say.
  }
}

}  // namespace mortise::host
