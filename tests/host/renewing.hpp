// Another configuration for a rig's host, taken while its loop turns.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "config/settings_reader.hpp"
#include "host/renewal.hpp"
#include "host/rig.hpp"

namespace mortise::host {

inline std::vector<config::Plugin> entries(const std::string& plugins) {
  const std::string text = "listeners: [{name: local, bind: 127.0.0.1:1883}]\nplugins:\n" + plugins + "\n";
  auto reading = config::read_settings_text(text, "mortise.yaml", config::process_environment());
  EXPECT_EQ("", text_of(reading.findings));
  return std::move(reading.settings.plugins);
}

// One renewal of a rig's host. The control thread waits for the loop, which is the test's.
struct Renewing {
  Renewing(Rig& of, const std::string& plugins)
      : rig{of}, renewal{rig.host->renew(entries(plugins), {MORTISE_TEST_PLUGINS})} {}
  ~Renewing() {
    if (control.joinable()) control.join();
  }
  std::string prepare() { return text_of(renewal->prepare()); }
  std::string start() { return text_of(renewal->start()); }
  void begin_to_take() {
    control = std::thread{[this] {
      renewal->commit();
      is_committed = true;
      renewal->retire();
      is_done = true;
    }};
  }
  bool take() {
    EXPECT_EQ("", prepare());
    EXPECT_EQ("", start());
    begin_to_take();
    return rig.turn_until([this] { return is_done.load(); });
  }

  Rig& rig;
  std::unique_ptr<Renewal> renewal;
  std::thread control;
  std::atomic<bool> is_committed{false}, is_done{false};
};

}  // namespace mortise::host
