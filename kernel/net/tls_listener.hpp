// The TLS of one listener while the broker runs: what new connections get, and its replacement when its files
// have changed.
//
// Connections keep the context they began with. A file that is bad keeps the one there is. Once a day the
// context is made anew although nothing changed: tickets get other keys, and a certificate that has ended is
// told again.
//
// Thread: filter() from any; the rest from one.   Owns: the present context.
// Cost:   a short lock a new connection; looking at the files is a stat() each.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>

#include "net/filter.hpp"
#include "net/tls_context.hpp"

namespace mortise::net {

class TlsListener {
 public:
  explicit TlsListener(TlsSettings settings);
  const TlsSettings& settings() const noexcept { return settings_; }

  // Reads the files. Without an error among the findings, new connections get what they hold.
  std::vector<TlsFinding> load();

  // Whether the files differ from those read last, and have been at rest since the look before: a certificate
  // and its key are seldom replaced in the same instant.
  bool wants_reload(std::chrono::steady_clock::time_point now);

  // For a new connection. There must be a context.
  std::unique_ptr<Filter> filter() const;
  // Of the present context, for the log.
  std::string to_text() const;

 private:
  std::string fingerprint() const;
  std::shared_ptr<const TlsContext> context() const;

  const TlsSettings settings_;
  mutable std::mutex mutex_;
  std::shared_ptr<const TlsContext> context_;  // under mutex_
  std::string read_;                           // what the files were like when they were read
  std::string seen_;                           // and at the last look
  std::chrono::steady_clock::time_point read_at_{};
};

}  // namespace mortise::net
