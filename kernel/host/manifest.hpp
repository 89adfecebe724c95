// What a library says about itself, read as data and checked: no code of the plugin runs.
//
// Thread: the control thread.   Owns: nothing; everything points into the mapped library.
// Fails:  with one line that says which versions each side has, or what is malformed.
#pragma once

#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "config/finding.hpp"
#include "host/library.hpp"
#include "mortise/draft/accept.h"
#include "mortise/draft/psk.h"
#include "mortise/draft/store.h"
#include "mortise/plugin.h"

namespace mortise::host {

struct Manifest {
  const mortise_descriptor_t* descriptor = nullptr;
  const mortise_plugin_t* life = nullptr;
  std::span<const mortise_extension_t> extensions;
  std::span<const mortise_want_t> wants;

  // The tables this host knows; null when the plugin does not provide them.
  // A table is only taken if it is as long as its first version.
  const mortise_authenticate_t* authenticate = nullptr;
  const mortise_authorise_t* authorise = nullptr;
  const mortise_intercept_t* intercept = nullptr;
  const mortise_observe_t* observe = nullptr;
  const mortise_log_sink_t* log_sink = nullptr;
  const mortise_reload_t* reload = nullptr;
  const mortise_store_t* store = nullptr;
  const mortise_psk_t* psk = nullptr;
  const mortise_control_t* control = nullptr;
  const mortise_accept_t* accept = nullptr;

  bool has_intercept_publish() const noexcept { return intercept && intercept->publish; }
  bool has_intercept_connect() const noexcept {
    return intercept && MORTISE_HAS(intercept, connect) && intercept->connect;
  }
  bool has_intercept_will() const noexcept {
    return intercept && MORTISE_HAS(intercept, will) && intercept->will;
  }
  bool on_strand() const noexcept { return (descriptor->flags & MORTISE_ON_STRAND) != 0; }
  bool provides(std::string_view extension) const noexcept;
  // Ids listed that this host does not know.
  std::vector<std::string_view> unknown() const;
};

// `file` is named in what is refused.
base::Result<Manifest, config::Refusal> read_manifest(const ExportedEntry& entry,
                                                      const std::filesystem::path& file);

}  // namespace mortise::host
