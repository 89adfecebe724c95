#include "running.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <stdexcept>

namespace mortise::store_sqlite::test {

Folder::Folder() {
  std::string name = (std::filesystem::temp_directory_path() / "mortise-store-XXXXXX").string();
  if (!::mkdtemp(name.data())) throw std::runtime_error{name + ": cannot be made"};
  path_ = name;
}

Folder::~Folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Running::Running(const std::string& folder, const std::string& config)
    : host{folder}, config_(mortise::test::Json::parse(config)) {
  const mortise_plugin_t& life = *mortise_plugin_entry.plugin;
  EXPECT_EQ(life.create(host.raw(), &self_), MORTISE_OK);
  if (life.configure(self_, mortise::test::node(config_), host.report()) != MORTISE_OK) {
    life.destroy(self_);
    self_ = nullptr;
    return;
  }
  auto call = host.call();
  answer_ = life.start(self_, &call, host.report());
}

Running::~Running() { stop(); }

void Running::stop() {
  if (!self_) return;
  host.run_strand();
  host.work_status = MORTISE_E_STATE;
  mortise_plugin_entry.plugin->stop(self_);
  mortise_plugin_entry.plugin->destroy(self_);
  self_ = nullptr;
  EXPECT_EQ(host.faults, std::vector<std::string>{});
}

template <class Table>
const Table& Running::table_of(std::string_view id) {
  for (std::size_t i = 0; i < mortise_plugin_entry.extension_count; ++i)
    if (mortise_plugin_entry.extensions[i].id == id)
      return *static_cast<const Table*>(mortise_plugin_entry.extensions[i].table);
  throw std::logic_error{"the plugin has no " + std::string{id}};
}

const mortise_store_t& Running::table() const { return table_of<mortise_store_t>(MORTISE_STORE); }

std::uint64_t Running::begin(std::string_view verb, const mortise::test::Json& arguments) {
  const auto& control = table_of<mortise_control_t>(MORTISE_CONTROL);
  mortise_request_t asked{};
  asked.size = sizeof asked;
  asked.arguments = mortise::test::node(arguments);
  asked.caller = mortise::test::lend("uid 3");
  while (asked.command < control.command_count && control.commands[asked.command].verb != verb)
    ++asked.command;
  if (asked.command == control.command_count) throw std::logic_error{"there is no verb " + std::string{verb}};
  auto call = host.call();
  // The fake host numbers whatever it gives out: what was given last is the token of this call.
  if (control.run(self_, &call, &asked) != MORTISE_PENDING) return 0;
  return host.last_token();
}

std::string Running::ask(std::string_view verb, const mortise::test::Json& arguments) {
  const std::uint64_t token = begin(verb, arguments);
  const mortise::test::Said said = token == 0 ? host.replies.back() : host.wait_for_answer(token);
  return said.answer == MORTISE_ALLOW ? said.data : said.reason_string + " | " + said.remedy;
}

mortise_status_t Running::commit(const std::vector<Offer*>& offers) {
  std::vector<const mortise_batch_t*> batches;
  for (Offer* offer : offers) batches.push_back(offer->batch());
  return table().commit(self_, batches.data(), batches.size());
}

mortise_status_t Running::commit(std::initializer_list<Offer*> offers) {
  return commit(std::vector<Offer*>{offers});
}

void Running::keep(Offer& offer) {
  ASSERT_EQ(commit({&offer}), MORTISE_OK);
  host.wait_for(offer.batch()->sequence, offer.batch()->level);
}

mortise_status_t Running::flush(std::uint64_t request) { return table().flush(self_, request); }

mortise_health_t Running::health() const {
  mortise_health_t out{};
  out.size = sizeof out;
  EXPECT_EQ(table().health(self_, &out), MORTISE_OK);
  return out;
}

std::map<std::string, std::string> Running::read() {
  host.read.clear();
  host.kinds.clear();
  EXPECT_EQ(read_only(++request_), MORTISE_OK);
  host.wait_for_done(request_);
  EXPECT_EQ(host.done(request_), MORTISE_OK);
  EXPECT_TRUE(host.read.in_order());
  return host.read.as_text();
}

mortise_status_t Running::read_only(std::uint64_t request) {
  const mortise_read_t what{sizeof what, MORTISE_READ_ALL, request, nullptr, 0};
  return table().read(self_, &what);
}

std::map<std::string, std::string> Running::read_messages(
    std::initializer_list<mortise_delivery_record_t> of) {
  host.read.clear();
  const mortise_read_t what{sizeof what, MORTISE_READ_MESSAGES, ++request_, of.begin(), of.size()};
  const mortise_status_t taken = table().read(self_, &what);
  EXPECT_EQ(taken, MORTISE_OK);
  if (taken == MORTISE_OK) host.wait_for_done(request_);
  return host.read.as_text();
}

mortise_status_t Running::last_read() const { return host.done(request_); }

}  // namespace mortise::store_sqlite::test
