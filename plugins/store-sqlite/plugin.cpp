// The plugin "store-sqlite": keeps the broker's state in a SQLite file. README.md is its manual.
//
// Thread: as draft/store.h says: the strand, health excepted.
#include <array>
#include <chrono>
#include <filesystem>
#include <mortise/plugin.hpp>
#include <string>

#include "store.hpp"

namespace {

constexpr std::uint64_t mebibyte = 1024 * 1024;

constexpr const char* config_schema = R"({
  "$schema": "http://json-schema.org/draft-07/schema#",
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "path": {
      "type": "string", "minLength": 1, "default": "mortise.db",
      "description": "the database file; a relative path starts at the broker's state folder"
    },
    "wal_limit": {
      "type": ["string", "integer"], "default": "8MiB",
      "description": "how long the write-ahead log may get before it is begun again, 1MiB to 1GiB"
    }
  }
})";

constexpr const char* health_schema = R"({
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "check": {
      "type": "boolean", "default": false,
      "description": "look at the structure of the whole file, too, with quick_check of SQLite"
    },
    "within": {
      "type": "string", "default": "10s",
      "description": "how long that look may take, 1s to 1h"
    }
  }
})";

constexpr const char* backup_schema = R"({
  "type": "object",
  "additionalProperties": false,
  "required": ["file"],
  "properties": {
    "file": {
      "type": "string", "minLength": 1, "maxLength": 4000,
      "description": "the whole path of the copy; nothing may be there, and a folder must be"
    }
  }
})";

class StoreSqlite {
 public:
  static constexpr const char* display_name = "SQLite store";
  static constexpr const char* licence = "Apache-2.0";
  static constexpr const char* summary = "keeps sessions, messages and retained values in a SQLite file";

  StoreSqlite(mortise::host host, mortise::config config)
      : host_{host}, store_{host, settings(host, config)} {}

  void start() {
    store_.start();
    timer_ = host_.every(std::chrono::milliseconds{mortise::store_sqlite::Store::tick_ms},
                         [this] { store_.tick(); });
  }
  void stop() {
    timer_.cancel();
    store_.stop();
  }

  mortise_status_t store_commit(std::span<const mortise_batch_t* const> batches) {
    return store_.commit(batches);
  }
  mortise_status_t store_read(const mortise_read_t& what) { return store_.read(what); }
  mortise_status_t store_flush(std::uint64_t request) { return store_.flush(request); }
  mortise_health_t store_health() const { return store_.health(); }

  mortise::answer tell_health(mortise::call now, const mortise::request& asked) {
    return store_.tell_health(now, asked);
  }
  mortise::answer back_up(mortise::call now, const mortise::request& asked) {
    return store_.back_up(now, asked);
  }
  static constexpr auto verbs() {
    return std::array{mortise::verb<StoreSqlite>{"health", "how the store is, and what its files take",
                                                 health_schema, &StoreSqlite::tell_health},
                      mortise::verb<StoreSqlite>{"backup", "a copy of the store in a file of its own",
                                                 backup_schema, &StoreSqlite::back_up}};
  }

 private:
  static mortise::store_sqlite::Settings settings(mortise::host host, const mortise::config& config) {
    const std::filesystem::path path{config.text("/path", "mortise.db")};
    const std::uint64_t limit = config.bytes("/wal_limit", 8 * mebibyte);
    if (limit < mebibyte || limit > 1024 * mebibyte)
      throw mortise::finding{"/wal_limit", "is not between 1MiB and 1GiB"};
    if (!path.has_filename()) throw mortise::finding{"/path", "names a folder", "name a file in it"};
    return {(std::filesystem::path{host.state_dir()} / path).lexically_normal().string(), limit};
  }

  mortise::host host_;
  mortise::store_sqlite::Store store_;
  mortise::timer timer_;
};

}  // namespace

MORTISE_PLUGIN(StoreSqlite, "org.mortise.store-sqlite", "0.1.0", config_schema);
