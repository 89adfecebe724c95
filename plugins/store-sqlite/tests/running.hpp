// A store on files of its own, as the host runs it: started, given batches, stopped, started again.
//
// Thread: the test's.   Owns: a folder that goes with it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mortise/plugin.h"
#include "offer.hpp"
#include "store_host.hpp"

namespace mortise::store_sqlite::test {

// A folder under the system's temporary one.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string file(const std::string& name) const { return (path_ / name).string(); }
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

// One run of the plugin, through its C tables.
class Running {
 public:
  // The shortest WAL that is allowed, which keeps the reserve short, too; the fake host's sizes are in KiB.
  explicit Running(const std::string& folder,
                   const std::string& config = R"({"path": "mortise.db", "wal_limit": "1MiB"})");
  ~Running();
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  bool started() const { return answer_ == MORTISE_ALLOW; }
  // Stops in order, as the host does; the destructor does it, too.
  void stop();

  mortise_status_t commit(std::initializer_list<Offer*> offers);
  mortise_status_t commit(const std::vector<Offer*>& offers);
  // Hands one batch over and waits until it is as safe as it asked to be.
  void keep(Offer& offer);
  mortise_status_t flush(std::uint64_t request);
  mortise_health_t health() const;
  void tick() { host.ring_timers(); }
  // Everything, as READ_ALL gives it.
  std::map<std::string, std::string> read();
  // The messages of these deliveries, of which number and message are looked at; as READ_MESSAGES gives them.
  std::map<std::string, std::string> read_messages(std::initializer_list<mortise_delivery_record_t> of);
  mortise_status_t last_read() const;
  // Begins a verb. The token that its answer comes by; 0: it is in host.replies already.
  std::uint64_t begin(std::string_view verb,
                      const mortise::test::Json& arguments = mortise::test::Json::object());
  // Runs a verb and waits for its answer: "file … bytes" as JSON, or "why | remedy".
  std::string ask(std::string_view verb,
                  const mortise::test::Json& arguments = mortise::test::Json::object());
  // READ_ALL, whatever becomes of it.
  mortise_status_t read_only(std::uint64_t request);

  StoreHost host;

 private:
  const mortise_store_t& table() const;
  template <class Table>
  static const Table& table_of(std::string_view id);

  mortise::test::Json config_;
  void* self_ = nullptr;
  mortise_answer_t answer_ = MORTISE_DENY;
  std::uint64_t request_ = 1'000'000;
};

}  // namespace mortise::store_sqlite::test
