#include "host/manifest.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "host/abi_text.hpp"
#include "host/verb_table.hpp"

namespace mortise::host {

namespace {

constexpr std::array<std::string_view, 10> known_extensions{
    MORTISE_AUTHENTICATE, MORTISE_AUTHORISE, MORTISE_INTERCEPT, MORTISE_OBSERVE, MORTISE_LOG_SINK,
    MORTISE_RELOAD,       MORTISE_STORE,     MORTISE_PSK,       MORTISE_CONTROL, MORTISE_ACCEPT};

// Where the first fields of an entry end: enough to tell versions apart.
constexpr std::size_t negotiation_size = offsetof(mortise_plugin_entry_t, reserved);

std::string version_text(unsigned major, unsigned minor) {
  return std::to_string(major) + '.' + std::to_string(minor);
}

base::Failure<config::Refusal> refuse(const std::filesystem::path& file, const std::string& what,
                                      std::string remedy) {
  return base::Failure{config::Refusal{file.string() + " " + what, std::move(remedy)}};
}

std::optional<config::Refusal> check_versions(const ExportedEntry& exported,
                                              const mortise_plugin_entry_t& entry,
                                              const std::filesystem::path& file) {
  const std::string ours = version_text(MORTISE_ABI_MAJOR, MORTISE_ABI_MINOR);
  if (exported.size < negotiation_size || entry.magic != MORTISE_MAGIC)
    return refuse(file, "is no Mortise plugin: its entry does not begin with MORTISE_MAGIC",
                  "build it with the Mortise SDK " + ours)
        .error;
  if (entry.abi_major != MORTISE_ABI_MAJOR || entry.abi_minor > MORTISE_ABI_MINOR)
    return refuse(file,
                  "needs plugin ABI " + version_text(entry.abi_major, entry.abi_minor) +
                      ", this broker has " + ours,
                  entry.abi_major < MORTISE_ABI_MAJOR ? "rebuild the plugin with SDK " + ours
                                                      : "update the broker")
        .error;
  if (entry.size < sizeof(mortise_plugin_entry_t) || exported.size < sizeof(mortise_plugin_entry_t))
    return refuse(file,
                  "has an entry of " + std::to_string(std::min<std::size_t>(entry.size, exported.size)) +
                      " bytes where " + std::to_string(sizeof(mortise_plugin_entry_t)) + " are the least",
                  "rebuild the plugin")
        .error;
  return {};
}

// What is malformed in the rest, or nothing.
std::string check_content(const mortise_plugin_entry_t& entry) {
  const mortise_descriptor_t* descriptor = entry.descriptor;
  if (!descriptor || descriptor->size < sizeof(mortise_descriptor_t)) return "has no whole descriptor";
  if (view_of(descriptor->id).empty() || view_of(descriptor->version).empty())
    return "has a descriptor without id or version";
  const mortise_plugin_t* life = entry.plugin;
  if (!life || life->size < sizeof(mortise_plugin_t) || !life->create || !life->start || !life->stop ||
      !life->destroy)
    return "lacks one of create, start, stop and destroy";
  if ((entry.extension_count != 0 && !entry.extensions) ||
      (descriptor->want_count != 0 && !descriptor->wants))
    return "counts extensions or wants and lists none";
  for (std::size_t i = 0; i < entry.extension_count; ++i) {
    const std::string_view id = view_of(entry.extensions[i].id);
    if (id.empty() || !entry.extensions[i].table) return "lists an extension without id or table";
    for (std::size_t j = 0; j < i; ++j)
      if (view_of(entry.extensions[j].id) == id) return "lists " + std::string{id} + " twice";
  }
  for (std::size_t i = 0; i < descriptor->want_count; ++i)
    if (view_of(descriptor->wants[i].id).empty()) return "wants a service without an id";
  return {};
}

// The table, if `extension` is the one with that id; `whole` is cleared when it is shorter than its first
// version or lacks a function it must have.
// `first_size`: of the table as its revision began. Whoever calls a function that came later looks at the
// size.
template <class Table, class Complete>
void take(const mortise_extension_t& extension, std::string_view id, const Table*& table, bool& whole,
          Complete complete, std::size_t first_size = sizeof(Table)) {
  if (view_of(extension.id) != id) return;
  const auto* const given = static_cast<const Table*>(extension.table);
  if (given->size < first_size || !complete(*given))
    whole = false;
  else
    table = given;
}

bool take_table(const mortise_extension_t& from, Manifest& to) {
  bool whole = true;
  take(
      from, MORTISE_AUTHENTICATE, to.authenticate, whole, [](const auto&) { return true; },
      offsetof(mortise_authenticate_t, exchange));
  take(from, MORTISE_AUTHORISE, to.authorise, whole, [](const auto& t) { return t.check != nullptr; });
  take(
      from, MORTISE_INTERCEPT, to.intercept, whole, [](const auto&) { return true; },
      offsetof(mortise_intercept_t, connect));
  take(from, MORTISE_OBSERVE, to.observe, whole, [](const auto& t) { return t.events != nullptr; });
  take(from, MORTISE_LOG_SINK, to.log_sink, whole, [](const auto& t) { return t.write != nullptr; });
  take(from, MORTISE_RELOAD, to.reload, whole,
       [](const auto& t) { return t.prepare && t.commit && t.rollback; });
  take(from, MORTISE_STORE, to.store, whole,
       [](const auto& t) { return t.commit && t.read && t.flush && t.health; });
  take(from, MORTISE_ACCEPT, to.accept, whole, [](const auto& t) { return t.accept != nullptr; });
  take(from, MORTISE_PSK, to.psk, whole, [](const auto& t) { return t.find != nullptr; });
  take(from, MORTISE_CONTROL, to.control, whole, [](const auto& t) { return t.commands && t.run; });
  return whole;
}

}  // namespace

bool Manifest::provides(std::string_view extension) const noexcept {
  return std::ranges::any_of(extensions, [&](const auto& one) { return view_of(one.id) == extension; });
}

std::vector<std::string_view> Manifest::unknown() const {
  std::vector<std::string_view> ids;
  for (const auto& one : extensions)
    if (std::ranges::find(known_extensions, view_of(one.id)) == known_extensions.end())
      ids.push_back(view_of(one.id));
  return ids;
}

base::Result<Manifest, config::Refusal> read_manifest(const ExportedEntry& exported,
                                                      const std::filesystem::path& file) {
  const auto& entry = *static_cast<const mortise_plugin_entry_t*>(exported.at);
  if (auto problem = check_versions(exported, entry, file)) return base::Failure{std::move(*problem)};
  if (const std::string problem = check_content(entry); !problem.empty())
    return refuse(file, problem, "mend the plugin's entry");
  Manifest manifest;
  manifest.descriptor = entry.descriptor;
  manifest.life = entry.plugin;
  manifest.extensions = {entry.extensions, entry.extension_count};
  manifest.wants = {entry.descriptor->wants, entry.descriptor->want_count};
  for (const auto& extension : manifest.extensions)
    if (!take_table(extension, manifest))
      return refuse(
          file,
          "has a table for " + std::string{view_of(extension.id)} + " that is too short or lacks a function",
          "rebuild the plugin");
  if (manifest.control)
    if (const std::string problem = problem_of_verbs(*manifest.control); !problem.empty())
      return refuse(file, problem, "mend the plugin's table for " + std::string{MORTISE_CONTROL});
  return manifest;
}

}  // namespace mortise::host
