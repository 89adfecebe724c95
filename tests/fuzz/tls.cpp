// A ClientHello of any bytes, and what follows it: nobody gets through a handshake by accident, and where it
// fails does not depend on the pieces.
//
// OpenSSL is not compiled for a fuzzer, so what guides it is our filter alone.
#include "net/tls_authority.hpp"
#include "net/tls_filter.hpp"
#include "played_split.hpp"

namespace mortise::fuzz {
namespace {

constexpr std::size_t connection_bytes_max = 64 * 1024;

// As a listener has it; the certificate's files go again, since they are read once.
std::shared_ptr<const net::TlsContext> context() {
  static const auto made = [] {
    testing::TlsAuthority authority;
    authority.issue("server", {"broker.example", {"DNS:broker.example"}});
    net::TlsSettings settings;
    settings.listener = "fuzz";
    settings.pairs.push_back({authority.file("server.pem"), authority.file("server.key")});
    settings.client_ca = authority.ca_file();
    settings.verify = net::TlsSettings::Verify::optional;
    settings.protocols = {"mqtt"};
    return net::TlsContext::load(settings).context;
  }();
  promise(made != nullptr, "a listener's certificate is read");
  return made;
}

}  // namespace
}  // namespace mortise::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mortise;
  const net::Played outcome = fuzz::played_in_every_split(
      [] { return std::make_unique<net::TlsFilter>(fuzz::context()); }, "", {data, size},
      [](const net::TlsFilter& filter, net::Played& played) {
        fuzz::promise(filter.memory() <= fuzz::connection_bytes_max,
                      "a handshake takes what a connection may");
        if (!played.down.empty()) played.down = "an answer";  // with a server's random bytes
      });
  fuzz::promise(outcome.up.empty() && outcome.identity.empty(), "nobody is heard without a handshake");
  return 0;
}
