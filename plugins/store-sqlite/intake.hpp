// The look at a store before it is trusted, and what happens to one that cannot be.
//
// SQLite takes a damaged WAL for a short one and an empty main file for a new one, and would then throw the
// rest away; so the sizes of the files, the counter of commits and the witness are compared before anything
// is written. What is damaged is put aside under another name, never overwritten, and the broker starts with
// what is left. README.md, "Damage".
//
// Thread: the one that starts the plugin, before any other connection is open.
// Cost:   reads everything once.
// Fails:  by mortise::finding when an operator must decide (a file that is not ours, another schema version),
//         by Failure or std::system_error when the files cannot be used at all.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "database.hpp"
#include "files.hpp"
#include "mortise/plugin.hpp"
#include "witness.hpp"

namespace mortise::store_sqlite {

class Intake {
 public:
  Intake(mortise::host host, Paths paths, const Witness& witness);

  // Afterwards the main file is there, complete, and consistent as far as sums and quick_check can tell.
  void run();

 private:
  void finish_replacement();
  void begin_empty();
  void refuse_foreign() const;
  bool is_known() const;
  std::uint64_t synced() const { return witness_.found() ? witness_.found()->synced : 0; }

  std::optional<std::string> read_commits(std::uint64_t& commits) const;
  std::optional<std::string> find_fault() const;
  void check_against_witness(std::uint64_t commits);
  std::uint64_t commits_of_main_alone() const;
  void replace(const std::string& why);
  std::uint64_t build_replacement();
  void set_rows_aside();
  void drop_unfinished() const;
  void tell(const std::string& path, const std::string& kept_as, const std::string& reason,
            bool replaced) const;

  mortise::host host_;
  Paths paths_;
  const Witness& witness_;
};

}  // namespace mortise::store_sqlite
