// `mortise inspect FILE`: what a plugin's library says about itself. Opening it runs its static constructors
// and nothing else of it; whoever wants to be sure opens it here first.
#include <iostream>

#include "app/commands/command.hpp"
#include "host/library.hpp"
#include "host/manifest.hpp"

namespace mortise::app {

namespace {

void print(const host::Manifest& manifest) {
  const auto text = [](const char* given) { return given ? given : ""; };
  const mortise_descriptor_t& about = *manifest.descriptor;
  std::cout << text(about.id) << ' ' << text(about.version) << '\n';
  if (about.flags & MORTISE_ON_STRAND) std::cout << "  runs      on a thread of its own\n";
  for (const mortise_extension_t& extension : manifest.extensions)
    std::cout << "  provides  " << extension.id << '\n';
  for (const mortise_want_t& want : manifest.wants)
    std::cout << "  wants     " << want.id << (want.scope ? std::string{" ("} + want.scope + ")" : "") << "  "
              << text(want.why) << '\n';
  if (about.config_schema) std::cout << "  settings  " << about.config_schema << '\n';
}

int fail(const config::Refusal& why) {
  std::cerr << "mortise inspect: " << why.text << (why.remedy.empty() ? "" : "; " + why.remedy) << '\n';
  return exit_failed;
}

}  // namespace

int inspect(const std::vector<std::string>& words) {
  if (words.size() != 3 || words[2].starts_with("-")) {
    std::cerr << "mortise inspect: name one library, such as mortise inspect ./quiet.so\n";
    return exit_wrong;
  }
  std::error_code none;
  const std::filesystem::path file = std::filesystem::absolute(words[2], none);
  const auto found = host::find_library(file.string(), {});
  if (!found) return fail(found.error());
  const auto entry = host::open_library(*found);
  if (!entry) return fail(entry.error());
  const auto manifest = host::read_manifest(*entry, file);
  if (!manifest) return fail(manifest.error());
  print(*manifest);
  return exit_done;
}

}  // namespace mortise::app
