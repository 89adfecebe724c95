// Who is at the other end of a connection, as its transport has learnt it. Empty: nothing.
//
// Thread: the client's loop; moves with it.   Owns: everything.
#pragma once

#include <string>

namespace mortise::broker {

struct Introduction {
  std::string address;   // the client's own, when a proxy is between; "10.0.0.17:50122"
  std::string identity;  // from its certificate or key
  std::string cipher;    // for people: "TLSv1.3 TLS_AES_256_GCM_SHA384"

  bool empty() const noexcept { return address.empty() && identity.empty() && cipher.empty(); }
  std::size_t memory() const noexcept { return address.capacity() + identity.capacity() + cipher.capacity(); }
};

}  // namespace mortise::broker
