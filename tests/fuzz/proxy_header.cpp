// PROXY headers of any bytes: the same in any pieces, and never more than a header's worth is kept.
#include "net/proxy_header.hpp"

#include "mqtt/utf8.hpp"
#include "played_split.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mortise;
  using Demand = net::ProxyHeaderFilter::Demand;
  const fuzz::Bytes input{data, size};
  for (const Demand demand : {Demand::optional, Demand::required}) {
    const net::Played outcome = fuzz::played_in_every_split(
        [demand] { return std::make_unique<net::ProxyHeaderFilter>(demand); }, "", input,
        [](const net::ProxyHeaderFilter& filter, const net::Played&) {
          fuzz::promise(filter.memory() <= sizeof filter + 2 * 4096, "a header has an end");
        });
    fuzz::promise(outcome.down.empty(), "a proxy is not answered");
    fuzz::promise(fuzz::text_of(input).ends_with(outcome.up),
                  "what follows the header is handed on as it is");
    fuzz::promise(outcome.wrong.empty() || (outcome.up.empty() && outcome.address.empty()),
                  "a header that is refused introduces nobody");
    fuzz::promise(mqtt::is_utf8(outcome.identity), "a name can be a user name of MQTT");
    for (const std::string* word : {&outcome.address, &outcome.cipher})
      for (const char c : *word)
        fuzz::promise(static_cast<unsigned char>(c) >= ' ' && c != 0x7f, "no control character gets through");
  }
  return 0;
}
