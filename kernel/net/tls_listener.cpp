#include "net/tls_listener.hpp"

#include <sys/stat.h>

#include <algorithm>

#include "net/tls_filter.hpp"

namespace mortise::net {

namespace {

constexpr auto context_age_max = std::chrono::hours{24};

// Follows links, as certificates are often renewed by turning one.
void add_file(std::string& fingerprint, const std::filesystem::path& path) {
  struct stat status {};
  const bool is_there = ::stat(path.c_str(), &status) == 0;
  for (const std::uint64_t number :
       {std::uint64_t{is_there}, std::uint64_t{status.st_dev}, std::uint64_t{status.st_ino},
        static_cast<std::uint64_t>(status.st_size), static_cast<std::uint64_t>(status.st_mtim.tv_sec),
        static_cast<std::uint64_t>(status.st_mtim.tv_nsec), static_cast<std::uint64_t>(status.st_mode)})
    fingerprint += std::to_string(number) + ' ';
}

}  // namespace

TlsListener::TlsListener(TlsSettings settings) : settings_{std::move(settings)} {}

std::vector<TlsFinding> TlsListener::load() {
  seen_ = read_ = fingerprint();  // before they are read: what changes meanwhile is noticed later
  read_at_ = std::chrono::steady_clock::now();
  TlsContext::Loading loading = TlsContext::load(settings_);
  if (loading.context) {
    const std::lock_guard lock{mutex_};
    context_ = std::move(loading.context);
  }
  return std::move(loading.findings);
}

bool TlsListener::wants_reload(std::chrono::steady_clock::time_point now) {
  std::string present = fingerprint();
  const bool at_rest = present == seen_;
  seen_ = std::move(present);
  return at_rest && (seen_ != read_ || now - read_at_ > context_age_max);
}

std::string TlsListener::fingerprint() const {
  std::string print;
  for (const TlsSettings::Pair& pair : settings_.pairs) {
    add_file(print, pair.certificate);
    add_file(print, pair.key);
  }
  if (!settings_.crl.empty()) add_file(print, settings_.crl);
  if (settings_.client_ca.empty()) return print;
  add_file(print, settings_.client_ca);
  std::vector<std::filesystem::path> authorities;
  std::error_code fault;
  for (auto file = std::filesystem::directory_iterator{settings_.client_ca, fault};
       !fault && file != std::filesystem::directory_iterator{}; file.increment(fault))
    authorities.push_back(file->path());
  std::ranges::sort(authorities);
  for (const auto& path : authorities) add_file(print, path);
  return print;
}

std::shared_ptr<const TlsContext> TlsListener::context() const {
  const std::lock_guard lock{mutex_};
  return context_;
}

std::unique_ptr<Filter> TlsListener::filter() const { return std::make_unique<TlsFilter>(context()); }

std::string TlsListener::to_text() const { return context()->to_text(); }

}  // namespace mortise::net
