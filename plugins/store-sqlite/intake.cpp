#include "intake.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "salvage.hpp"
#include "schema.hpp"

namespace mortise::store_sqlite {
namespace {

// Header of a SQLite file: "Database File Format", §1.3.
constexpr std::string_view magic{"SQLite format 3\0", 16};
constexpr std::size_t user_version_at = 60;
constexpr std::size_t application_id_at = 68;
constexpr std::size_t header_size = 100;

std::int32_t big_endian(std::string_view header, std::size_t at) {
  std::uint32_t out = 0;
  for (std::size_t i = 0; i < 4; ++i) out = out << 8 | static_cast<std::uint8_t>(header[at + i]);
  return static_cast<std::int32_t>(out);
}

bool has_our_mark(std::string_view header) {
  return header.size() == header_size && header.starts_with(magic) &&
         big_endian(header, application_id_at) == application_id;
}

// The path as a URI: SQLite reads the main file alone, without its WAL, when it is told that nothing changes.
std::string immutable_uri(const std::string& path) {
  std::string out = "file:";
  for (const char c : path) out += c == '?' ? "%3f" : c == '#' ? "%23" : c == '%' ? "%25" : std::string(1, c);
  return out + "?immutable=1";
}

constexpr const char* commits_sql = "SELECT commits FROM state WHERE sum IS row_sum(id, commits)";

}  // namespace

Intake::Intake(mortise::host host, Paths paths, const Witness& witness)
    : host_{host}, paths_{std::move(paths)}, witness_{witness} {}

void Intake::run() {
  finish_replacement();
  if (size_of(paths_.main) == 0) return begin_empty();
  refuse_foreign();
  std::uint64_t commits = 0;
  auto fault = read_commits(commits);
  if (!fault) {
    check_against_witness(commits);
    fault = find_fault();
  }
  if (fault) return replace(*fault);
  set_rows_aside();
}

// The broker may have been stopped while it put a damaged store aside: the new one was complete, not yet in
// place.
void Intake::finish_replacement() {
  if (!exists(paths_.main) && exists(paths_.replacement())) {
    if (size_of(paths_.wal()) > 0) rename_durably(paths_.wal(), damaged_name(paths_.wal()));
    remove_if_there(paths_.shared_index());
    rename_durably(paths_.replacement(), paths_.main);
  }
  remove_if_there(paths_.replacement());
  drop_unfinished();
}

void Intake::drop_unfinished() const {
  const Paths made{paths_.unfinished()};
  for (const std::string& path : {made.main, made.wal(), made.shared_index()}) remove_if_there(path);
}

void Intake::begin_empty() {
  const bool was_there = exists(paths_.main);
  if (size_of(paths_.wal()) > 0) {
    const std::string kept = damaged_name(paths_.wal());
    rename_durably(paths_.wal(), kept);
    tell(paths_.main, kept,
         std::string{was_there ? "is empty" : "is gone"} + ", and its WAL is of no use alone", true);
  } else if (synced() > 0) {
    host_.log(MORTISE_ERROR, "store.lost", paths_.main + ": the store is gone; starting with an empty one",
              {{"path", paths_.main}, {"commits", synced()}});
  }
  for (const std::string& path : {paths_.main, paths_.wal(), paths_.shared_index()}) remove_if_there(path);
  Connection fresh{paths_.unfinished(), SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE};
  create_schema(fresh);
  Statement{fresh, "UPDATE state SET commits = ?1, sum = row_sum(id, ?1)"}.run(synced());
  finish_new(fresh);
  rename_durably(paths_.unfinished(), paths_.main);
}

bool Intake::is_known() const { return witness_.found() && witness_.found()->schema == schema_version; }

void Intake::refuse_foreign() const {
  if (is_known()) return;  // whatever its header says: it was ours
  const std::string header = first_bytes(paths_.main, header_size);
  if (!has_our_mark(header))
    throw finding{"/path", paths_.main + " is not a store of Mortise",
                  "name another file, or move this one away"};
  const std::int32_t version = big_endian(header, user_version_at);
  if (version == schema_version) return;
  const bool newer = version > schema_version;
  throw finding{"/path",
                paths_.main + " was written by " + (newer ? "a newer" : "an older") +
                    " broker: it has schema " + std::to_string(version) + ", this one knows schema " +
                    std::to_string(schema_version),
                newer ? "run the newer broker, or name another file" : "name another file"};
}

// What stands in the way of reading the store at all; else `commits` is its counter, by way of the WAL.
std::optional<std::string> Intake::read_commits(std::uint64_t& commits) const {
  try {
    Connection look{paths_.main, SQLITE_OPEN_READWRITE};
    Statement asked{look, commits_sql};
    if (!asked.step()) return "its counter of commits is damaged";
    commits = asked.number(0);
    return std::nullopt;
  } catch (const Failure& failure) {
    if (failure.is_nonsense()) return failure.what();
    throw;
  }
}

std::optional<std::string> Intake::find_fault() const {
  try {
    Connection look{paths_.main, SQLITE_OPEN_READWRITE};
    look.run("PRAGMA cell_size_check = ON");
    const std::string found = look.text("PRAGMA quick_check(1)");
    if (found != "ok") return "quick_check: " + found;
    if (look.number("PRAGMA application_id") != application_id ||
        look.number("PRAGMA user_version") != schema_version)
      return "its header is damaged";
    return std::nullopt;
  } catch (const Failure& failure) {
    if (failure.is_nonsense()) return failure.what();
    throw;
  }
}

void Intake::check_against_witness(std::uint64_t commits) {
  if (!witness_.found()) {
    host_.log(MORTISE_NOTICE, "store.no_witness",
              paths_.witness() + ": cannot be read; a shortened WAL could not be told from a whole one",
              {{"path", paths_.witness()}});
    return;
  }
  if (commits < witness_.found()->written && commits >= synced())
    host_.log(MORTISE_NOTICE, "store.unsynced_lost", "commits that nobody had been promised are gone",
              {{"path", paths_.wal()}, {"commits", witness_.found()->written - commits}});
  if (commits >= synced()) return;
  const std::string reason = "ends with commit " + std::to_string(commits) + ", and " +
                             std::to_string(synced()) + " were on the device";
  if (size_of(paths_.wal()) == 0) {
    const std::string kept = damaged_name(paths_.main);
    copy_durably(paths_.main, kept);
    return tell(paths_.main, kept, reason, false);
  }
  const std::string kept = damaged_name(paths_.wal());
  copy_durably(paths_.wal(), kept);
  // A checkpoint may have brought the main file further than what is left of the WAL; older pages must not
  // hide newer ones.
  if (commits_of_main_alone() > commits) remove_if_there(paths_.wal());
  tell(paths_.wal(), kept, reason, false);
}

std::uint64_t Intake::commits_of_main_alone() const {
  try {
    Connection look{immutable_uri(paths_.main), SQLITE_OPEN_READONLY | SQLITE_OPEN_URI};
    return static_cast<std::uint64_t>(look.number(commits_sql));
  } catch (const Failure& failure) {
    if (failure.is_nonsense()) return 0;
    throw;
  }
}

void Intake::replace(const std::string& why) {
  drop_unfinished();
  const std::uint64_t saved = build_replacement();
  rename_durably(paths_.unfinished(), paths_.replacement());
  const std::string kept = damaged_name(paths_.main);
  rename_durably(paths_.main, kept);
  if (exists(paths_.wal())) rename_durably(paths_.wal(), Paths{kept}.wal());
  remove_if_there(paths_.shared_index());
  rename_durably(paths_.replacement(), paths_.main);
  drop_unfinished();
  tell(paths_.main, kept, why + "; rows saved: " + std::to_string(saved), saved == 0);
}

std::uint64_t Intake::build_replacement() {
  Connection fresh{paths_.unfinished(), SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE};
  create_schema(fresh);
  Connection damaged{paths_.main, SQLITE_OPEN_READWRITE};
  const std::uint64_t written = witness_.found() ? witness_.found()->written : 0;
  const std::uint64_t saved = Salvage{damaged, fresh}.run(std::max(synced(), written));
  finish_new(fresh);
  return saved;
}

void Intake::set_rows_aside() {
  Connection store{paths_.main, SQLITE_OPEN_READWRITE};
  std::int64_t found = 0;
  for (const Table& table : tables) {
    const auto columns = columns_of(store, table.name);
    const std::string name{table.name};
    const std::string wrong = " FROM " + name + " WHERE sum IS NOT row_sum(" + listed(columns) + ")";
    const std::int64_t here = store.number("SELECT count(*)" + wrong);
    if (here == 0) continue;
    found += here;
    std::string content;
    for (const std::string& column : columns)
      content += (content.empty() ? "quote(" : " || ', ' || quote(") + column + ")";
    store.run("BEGIN IMMEDIATE");
    store.run("INSERT INTO set_aside(found, origin, content) SELECT datetime('now'), '" + name + "', " +
              content + wrong);
    store.run("DELETE" + wrong);
    store.run("COMMIT");
  }
  if (found > 0)
    tell(paths_.main, paths_.main + ", table set_aside",
         "rows with a wrong checksum: " + std::to_string(found), false);
}

void Intake::tell(const std::string& path, const std::string& kept_as, const std::string& reason,
                  bool replaced) const {
  const mortise_set_aside_t what{sizeof what, replaced ? 1u : 0u, str(path), str(kept_as), str(reason)};
  host_.store().set_aside(&host_.raw(), &what);
}

}  // namespace mortise::store_sqlite
