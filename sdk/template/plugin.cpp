// Refuses client identifiers that do not begin with the configured prefix. Copy me.
//
// Thread: hooks run on the broker's loops, several at once; nothing changes after the constructor.
#include <mortise/plugin.hpp>
#include <string>

class Greeting {
 public:
  // Settings were checked by the schema below; say here what a schema cannot.
  Greeting(mortise::host host, mortise::config config) : host_{host}, prefix_{config.text("/prefix")} {
    if (prefix_.find_first_of("+#/") != prefix_.npos)
      throw mortise::finding{"/prefix", "holds a character that topics use",
                             "use letters, digits and dashes"};
  }

  mortise::answer authenticate(mortise::call call, const mortise_connect_t& who) const {
    if (mortise::view(who.client_id).starts_with(prefix_))
      return mortise::pass;  // no objection: ask the next
    host_.log(MORTISE_INFO, "greeting.refused", "client identifier without the prefix",
              {{"client", mortise::view(who.client_id)}, {"prefix", prefix_}});
    return call.deny(0x85, "client identifier not welcome");  // 0x85 Client Identifier not valid
  }

 private:
  mortise::host host_;
  std::string prefix_;
};

MORTISE_PLUGIN(Greeting, "org.example.greeting", "1.0.0", R"({
  "type": "object",
  "additionalProperties": false,
  "required": ["prefix"],
  "properties": {
    "prefix": {"type": "string", "minLength": 1, "description": "what every client identifier begins with"}
  }
})");
