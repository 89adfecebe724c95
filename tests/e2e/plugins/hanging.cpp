// A plugin that hangs: a PUBLISH to hang/# holds its loop for as long as the file is there that its payload
// names. While it does there is a file beside it, FILE.held.
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <mortise/plugin.hpp>
#include <string>
#include <thread>

struct Hanging {
  explicit Hanging(mortise::host) {}
  mortise::attach intercept_attach() const { return {.filters = {"hang/#"}}; }
  mortise::answer intercept_publish(mortise::call, const mortise_client_view_t&,
                                    const mortise_message_view_t& message) const {
    const std::string file{reinterpret_cast<const char*>(message.payload.data), message.payload.size};
    std::ofstream{file + ".held"} << "held\n";
    while (::access(file.c_str(), F_OK) == 0) std::this_thread::sleep_for(std::chrono::milliseconds{10});
    return mortise::pass;
  }
};
MORTISE_PLUGIN(Hanging, "org.mortise.test.hanging", "1.0.0", nullptr);
