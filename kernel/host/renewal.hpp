// The plugins' part of a reload of the whole configuration: all of it is taken, or nothing changes.
//
//   Renewal renewal{in, plugins};
//   renewal.prepare()     what is new is loaded and checks its section; what stays prepares for its new one
//   renewal.start()       what is new starts beside what runs; nobody asks it yet
//   renewal.commit()      every loop asks the new ones and no longer the old ones, in one step; waits for the
//   loops renewal.retire()      what is gone drains, stops and ends
// A renewal that was not committed and ends takes everything back.
//
// An entry whose library, hooks or grants change is replaced by a fresh instance; so is one whose library is
// another file by now, and one whose settings change and that has no mortise.reload. Everything else goes on
// as it is: that it reads its files again is part of the reload.
//
// Thread: the control thread.   Owns: the plans of those that stay, until commit.
// Fails:  by findings; then nothing has changed.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/finding.hpp"
#include "config/settings.hpp"
#include "host/psk_finder.hpp"

namespace mortise::host {

struct Innards;
struct Instance;

// Names of instances whose library is another file by now; the store, which stays, is not among them.
std::vector<std::string> changed_libraries(const Innards& in);

class Renewal {
 public:
  Renewal(Innards& in, std::vector<config::Plugin> plugins);
  ~Renewal();
  Renewal(const Renewal&) = delete;
  Renewal& operator=(const Renewal&) = delete;

  std::vector<config::Finding> prepare();
  // That the store is still there: to be asked of a file that could be read.
  std::vector<config::Finding> check_store() const;
  std::vector<config::Finding> start();
  void commit();
  void retire();

  // As Host::provides_psk, of the configuration to come; after prepare().
  bool provides_psk(const PskListener& listener) const { return host::provides_psk(next_, listener); }

 private:
  // One entry of the configuration to come.
  struct Entry {
    Instance* instance = nullptr;  // null: its library is of no use, and it need not be there
    Instance* replaces = nullptr;
    bool is_fresh = false;
    std::unique_ptr<config::Tree> config;  // of one that stays: its new section
    bool has_prepared = false;
    void* plan = nullptr;
  };

  void decide(std::size_t place, std::vector<config::Finding>& findings);
  void prepare(Entry& entry, const config::Plugin& settings, std::size_t place,
               std::vector<config::Finding>& findings);
  void take(Entry& entry, const config::Plugin& settings, std::size_t place);
  std::vector<Instance*> leaving() const;
  void roll_back();

  Innards& in_;
  std::vector<config::Plugin> plugins_;
  std::vector<Entry> entries_;  // in the order of the file
  std::vector<Instance*> next_;
  std::vector<Instance*> retiring_;
  bool is_committed_ = false;
  bool is_passed_ = false;  // no loop is inside of those that leave
};

}  // namespace mortise::host
