// Throws a finding about /path, out of the C++ wrapper a plugin is usually built with.
#include <mortise/plugin.hpp>

class Thrower {
 public:
  Thrower(mortise::host, mortise::config) { throw mortise::finding{"/path", "leads nowhere"}; }
};

MORTISE_PLUGIN(Thrower, "org.mortise.test.thrower", "1.0.0", R"({
  "type": "object", "properties": {"path": {"type": "string"}}
})");
