// The plugins of another configuration: taken in one step while clients are served, or not at all.
#include "host/renewal.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>

#include "host/line.hpp"
#include "host/renewing.hpp"
#include "host/rig.hpp"

namespace mortise::host {
namespace {

// Attaches to authorise and says the same about every publish.
struct Judge {
  Judge(Rig& rig, const std::string& instance, mortise_answer_t said) : strings{rig.strings(instance)} {
    strings.start = [this](auto, auto) {
      const std::uint16_t kinds[] = {MORTISE_PUBLISH};
      mortise_attach_t how{};
      how.size = sizeof how;
      how.kinds = kinds;
      how.kind_count = 1;
      how.fallback = MORTISE_FALLBACK;
      EXPECT_EQ(MORTISE_OK, strings.attach(MORTISE_AUTHORISE, &how));
      return mortise_answer_t{MORTISE_ALLOW};
    };
    strings.authorise = [this, said](mortise_call_t* call, auto) {
      ++asked;
      if (said == MORTISE_PENDING) {
        EXPECT_EQ(MORTISE_OK, strings.host->defer(call, 0, &token));
      }
      return said;
    };
    strings.stop = [this] { ++stopped; };
  }
  // It may be running still when this goes.
  ~Judge() { strings.start = nullptr, strings.authorise = nullptr, strings.stop = nullptr; }
  mortise_status_t answer(mortise_answer_t later) const {
    return strings.host->answer(strings.host, token, later, nullptr);
  }
  Strings& strings;
  mortise_token_t token{};
  std::atomic<int> asked{0}, stopped{0};
};

std::vector<int> pubacks(Rig& rig, Rig::Client& client) {
  return rig.reasons(client, mqtt::PacketType::puback);
}

constexpr int allowed = 0x00;
constexpr int denied = 0x87;

TEST(Renewal, asks_the_new_one_and_no_longer_the_old_one) {
  Rig rig{"  - {name: old, library: puppet}"};
  Judge old{rig, "old", MORTISE_DENY}, fresh{rig, "fresh", MORTISE_ALLOW};
  rig.run();
  auto& client = rig.connect("x");
  rig.publish(client, "t", "1");
  Renewing renewing{rig, "  - {name: fresh, library: puppet}"};
  ASSERT_EQ("", renewing.prepare());
  ASSERT_EQ("", renewing.start());
  rig.publish(client, "t", "2");
  EXPECT_EQ(0, fresh.asked) << "nobody asks it before the commit";
  renewing.begin_to_take();
  ASSERT_TRUE(rig.turn_until([&] { return renewing.is_done.load(); }));
  rig.publish(client, "t", "3");
  EXPECT_EQ((std::vector{denied, denied, allowed}), pubacks(rig, client));
  EXPECT_EQ(2, old.asked);
  EXPECT_EQ(1, fresh.asked);
  EXPECT_EQ(1, old.stopped);
  EXPECT_EQ(nullptr, old.strings.host) << "it was destroyed";
  ASSERT_EQ(1U, rig.host->status().size());
  EXPECT_EQ("fresh", rig.host->status()[0].name);
}

TEST(Renewal, an_answer_the_old_one_owes_is_taken) {
  Rig rig{"  - {name: old, library: puppet}"};
  Judge old{rig, "old", MORTISE_PENDING}, fresh{rig, "fresh", MORTISE_DENY};
  rig.run();
  auto& client = rig.connect("x");
  rig.publish(client, "t", "1");
  Renewing renewing{rig, "  - {name: fresh, library: puppet}"};
  ASSERT_EQ("", renewing.prepare());
  ASSERT_EQ("", renewing.start());
  renewing.begin_to_take();
  ASSERT_TRUE(rig.turn_until([&] { return renewing.is_committed.load(); }));
  EXPECT_EQ(MORTISE_OK, old.answer(MORTISE_ALLOW));
  ASSERT_TRUE(rig.turn_until([&] { return renewing.is_done.load(); }));
  EXPECT_EQ(std::vector{allowed}, pubacks(rig, client));
  EXPECT_EQ(0, fresh.asked);
}

TEST(Renewal, who_is_asked_next_is_whoever_is_there_then) {
  Rig rig{"  - {name: first, library: puppet}\n  - {name: old, library: puppet}"};
  Judge first{rig, "first", MORTISE_PENDING}, old{rig, "old", MORTISE_ALLOW},
      fresh{rig, "fresh", MORTISE_DENY};
  rig.run();
  auto& client = rig.connect("x");
  rig.publish(client, "t", "1");
  Renewing renewing{rig, "  - {name: first, library: puppet}\n  - {name: fresh, library: puppet}"};
  ASSERT_TRUE(renewing.take());
  EXPECT_EQ(1, old.stopped);
  ASSERT_EQ(MORTISE_OK, first.answer(MORTISE_PASS));
  ASSERT_TRUE(rig.turn_until([&] { return first.asked == 2; })) << "the new chain begins anew";
  ASSERT_EQ(MORTISE_OK, first.answer(MORTISE_PASS));
  ASSERT_TRUE(rig.turn_until([&] { return !pubacks(rig, client).empty(); }));
  EXPECT_EQ(std::vector{denied}, pubacks(rig, client));
  EXPECT_EQ(0, old.asked);
}

// Puts a mark behind the payload; `later`: when the test says so.
struct Marker {
  Marker(Rig& rig, const std::string& instance, bool later = false) : strings{rig.strings(instance)} {
    strings.start = [this](auto, auto) {
      host = strings.host;
      EXPECT_EQ(MORTISE_OK, strings.attach(MORTISE_INTERCEPT));
      return mortise_answer_t{MORTISE_ALLOW};
    };
    strings.intercept = [this, instance, later](mortise_call_t* call, auto,
                                                const mortise_message_view_t* message) {
      ++asked;
      if (later) {
        EXPECT_EQ(MORTISE_OK, host->defer(call, 0, &token));
        return mortise_answer_t{MORTISE_PENDING};
      }
      const std::string payload{reinterpret_cast<const char*>(message->payload.data), message->payload.size};
      const std::string marked = payload + ' ' + instance;
      mortise_edit_t edit{};
      edit.size = sizeof edit;
      edit.set = MORTISE_SET_PAYLOAD;
      edit.payload = {reinterpret_cast<const std::uint8_t*>(marked.data()), marked.size()};
      mortise_message_t* made = nullptr;
      EXPECT_EQ(MORTISE_OK, strings.service<mortise_messages_t>(MORTISE_HOST_MESSAGES)
                                ->make(strings.host, message, &edit, &made));
      mortise_verdict_t verdict{};
      verdict.size = sizeof verdict;
      verdict.messages = &made;
      verdict.message_count = 1;
      return strings.host->reply(call, MORTISE_CHANGE, &verdict);
    };
  }
  mortise_status_t pass() const { return host->answer(host, token, MORTISE_PASS, nullptr); }
  Strings& strings;
  const mortise_host_t* host = nullptr;  // of the latest of this name: the end of another clears the strings'
  mortise_token_t token{};
  std::atomic<int> asked{0};
};

TEST(Renewal, who_has_changed_a_message_already_is_not_shown_it_again) {
  Rig rig{
      "  - {name: first, library: puppet}\n  - {name: thinks, library: puppet}\n"
      "  - {name: old, library: puppet}"};
  Marker first{rig, "first"}, thinks{rig, "thinks", true}, old{rig, "old"}, fresh{rig, "fresh"};
  rig.run();
  auto& client = rig.connect("x");
  rig.subscribe(client, "#");
  rig.publish(client, "t", "sent");
  ASSERT_EQ(1, thinks.asked);
  Renewing renewing{rig,
                    "  - {name: first, library: puppet}\n  - {name: thinks, library: puppet}\n"
                    "  - {name: fresh, library: puppet}"};
  ASSERT_TRUE(renewing.take());
  ASSERT_EQ(MORTISE_OK, thinks.pass());
  ASSERT_TRUE(rig.turn_until([&] { return !rig.messages(client).empty(); }));
  EXPECT_EQ(std::vector<std::string>{"t=sent first fresh"}, rig.messages(client));
  EXPECT_EQ(1, first.asked);
  EXPECT_EQ(1, thinks.asked);
  EXPECT_EQ(0, old.asked);
}

// It has had its time to finish, and gives no answer of its own: who takes its place has the message next.
TEST(Renewal, of_one_that_is_replaced_while_it_thinks_the_next_of_its_name_is_asked) {
  Rig rig{
      "  - {name: first, library: puppet}\n"
      "  - {name: thinks, library: puppet, hooks: {intercept: {deadline: 1h}}}",
      [](Options& options) { options.drain_patience = std::chrono::milliseconds{20}; }};
  Marker first{rig, "first"}, thinks{rig, "thinks", true};
  rig.run();
  auto& client = rig.connect("x");
  rig.subscribe(client, "#");
  rig.publish(client, "t", "sent");
  ASSERT_EQ(1, thinks.asked);
  Renewing renewing{rig,
                    "  - {name: first, library: puppet}\n"
                    "  - {name: thinks, library: puppet, hooks: {intercept: {priority: 5}}}"};
  ASSERT_EQ("", renewing.prepare());
  ASSERT_EQ("", renewing.start());
  renewing.begin_to_take();
  ASSERT_TRUE(rig.turn_until([&] { return renewing.is_done.load() && thinks.asked == 2; }));
  ASSERT_EQ(MORTISE_OK, thinks.pass());
  ASSERT_TRUE(rig.turn_until([&] { return !rig.messages(client).empty(); }));
  EXPECT_EQ(std::vector<std::string>{"t=sent first"}, rig.messages(client));
  EXPECT_EQ(1, first.asked);
}

TEST(Renewal, one_that_does_not_start_leaves_everything_as_it_was) {
  Rig rig{"  - {name: old, library: puppet}"};
  Judge old{rig, "old", MORTISE_DENY}, fresh{rig, "fresh", MORTISE_ALLOW};
  rig.strings("bad").start = [](auto, const mortise_report_t*) { return mortise_answer_t{MORTISE_DENY}; };
  rig.run();
  {
    Renewing renewing{rig, "  - {name: fresh, library: puppet}\n  - {name: bad, library: puppet}"};
    ASSERT_EQ("", renewing.prepare());
    EXPECT_NE(std::string::npos, renewing.start().find("plugin \"bad\": it refused to start"));
  }
  EXPECT_EQ(1, fresh.stopped);
  EXPECT_EQ(0, old.stopped);
  auto& client = rig.connect("x");
  rig.publish(client, "t", "1");
  EXPECT_EQ(std::vector{denied}, pubacks(rig, client));
  EXPECT_EQ("old", rig.host->status().at(0).name);
}

TEST(Renewal, what_stays_prepares_and_commits_only_when_all_can) {
  Rig rig{"  - {name: a, library: puppet}\n  - {name: b, library: puppet}"};
  std::string told;
  for (const char* name : {"a", "b"}) {
    Strings& strings = rig.strings(name);
    strings.prepare = [&told, name](const mortise_report_t*, void** plan) {
      told += std::string{name} + " prepares; ";
      *plan = const_cast<char*>(name);
      return mortise_status_t{MORTISE_OK};
    };
    strings.commit = [&told, name](void* plan) {
      told += std::string{name} + (plan == name ? " commits; " : " commits something; ");
    };
    strings.rollback = [&told, name](void* plan) {
      told += std::string{name} + (plan == name ? " rolls back; " : " rolls back something; ");
    };
  }
  rig.run();
  const std::string changed =
      "  - {name: a, library: puppet, config: {limit: 9}}\n  - {name: b, library: puppet}";
  Renewing{rig, changed}.prepare();
  EXPECT_EQ("a prepares; b prepares; a rolls back; b rolls back; ", told);
  told.clear();
  ASSERT_TRUE((Renewing{rig, changed}.take()));
  EXPECT_EQ("a prepares; b prepares; a commits; b commits; ", told);
  told.clear();
  rig.strings("b").prepare = [](const mortise_report_t*, void**) {
    return mortise_status_t{MORTISE_E_INVALID};
  };
  EXPECT_NE(std::string::npos,
            Renewing(rig, changed).prepare().find("plugin \"b\": it did not take its files"));
  EXPECT_EQ("a prepares; a rolls back; ", told);
}

TEST(Renewal, a_section_the_schema_refuses_is_told_at_its_place) {
  Rig rig{"  - {name: a, library: puppet}"};
  rig.run();
  EXPECT_NE(
      std::string::npos,
      Renewing(rig, "  - {name: a, library: puppet, config: {limt: 9}}").prepare().find("mortise.yaml:3:"));
}

TEST(Renewal, other_hooks_replace_the_instance) {
  int stops = 0, starts = 0;
  Rig rig{"  - {name: a, library: puppet}"};
  rig.strings().stop = [&] { ++stops; };
  rig.strings().start = [&](auto, auto) { return ++starts, mortise_answer_t{MORTISE_ALLOW}; };
  rig.run();
  ASSERT_TRUE((Renewing{rig, "  - {name: a, library: puppet, hooks: {authorise: {priority: 5}}}"}.take()));
  EXPECT_EQ(2, starts);
  EXPECT_EQ(1, stops);
  EXPECT_EQ("running", rig.status().state);
}

TEST(Renewal, another_file_in_its_place_replaces_the_instance_and_runs) {
  namespace fs = std::filesystem;
  const fs::path folder = fs::temp_directory_path() / ("mortise-renewal-" + std::to_string(::getpid()));
  fs::create_directories(folder);
  const std::string entry = "  - {name: a, library: " + (folder / "a.so").string() + "}";
  const auto put = [&](const char* library) {
    fs::copy_file(fs::path{MORTISE_TEST_PLUGINS} / library, folder / "next");
    fs::rename(folder / "next", folder / "a.so");
  };
  put("puppet.so");
  {
    int stops = 0;
    Rig rig{entry};
    rig.run();
    EXPECT_TRUE(rig.host->changed_libraries().empty());
    EXPECT_EQ("org.mortise.test.puppet", rig.status().id);
    rig.strings().stop = [&] { ++stops; };
    for (const char* library : {"passing.so", "puppet.so"}) {
      put(library);
      EXPECT_EQ(std::vector<std::string>{"a"}, rig.host->changed_libraries());
      ASSERT_TRUE((Renewing{rig, entry}.take()));
      EXPECT_TRUE(rig.host->changed_libraries().empty());
      EXPECT_EQ(std::string{library} == "puppet.so", rig.status().id == "org.mortise.test.puppet");
    }
    EXPECT_EQ(1, stops);
    ASSERT_TRUE((Renewing{rig, entry}.take()));
    EXPECT_EQ(1, stops) << "nothing has changed";
  }
  fs::remove_all(folder);
}

TEST(Renewal, a_library_that_would_end_the_process_is_not_opened) {
  std::vector<std::string> tried;
  Rig rig{"  - {name: a, library: puppet}", [&](Options& options) {
            options.try_library = [&](const std::filesystem::path& file) {
              tried.push_back(file.filename().string());
              return std::string{"opening it ends a process by signal 11"};
            };
          }};
  rig.run();
  EXPECT_TRUE(tried.empty()) << "at the start the broker ends, and its log says why";
  const std::string told = Renewing(rig, "  - {name: b, library: passing}").prepare();
  EXPECT_NE(std::string::npos, told.find("passing.so: opening it ends a process by signal 11"));
  EXPECT_EQ(std::vector<std::string>{"passing.so"}, tried);
}

TEST(Renewal, words_kept_with_clients_are_given_back_once) {
  std::vector<std::uint64_t> forgotten;
  Rig rig{"  - {name: a, library: puppet}"};
  Strings& strings = rig.strings();
  strings.start = [&](auto, auto) {
    EXPECT_EQ(MORTISE_OK, strings.attach(MORTISE_AUTHENTICATE));
    return mortise_answer_t{MORTISE_ALLOW};
  };
  strings.authenticate = [&](mortise_call_t* call, auto) {
    mortise_verdict_t verdict{};
    verdict.size = sizeof verdict;
    verdict.client_data = 7;
    return strings.host->reply(call, MORTISE_ALLOW, &verdict);
  };
  strings.forget = [&](std::uint64_t word) { forgotten.push_back(word); };
  rig.run();
  auto& client = rig.connect("x", "user", "password");
  ASSERT_TRUE((Renewing{rig, "  - {name: other, library: puppet}"}.take()));
  EXPECT_EQ(std::vector<std::uint64_t>{7}, forgotten);
  rig.lose(client);
  rig.turn();
  EXPECT_EQ(1U, forgotten.size());
}

TEST(Renewal, a_client_of_its_own_comes_to_life_with_the_commit) {
  Rig rig{"  - {name: other, library: puppet}"};
  rig.run();
  Line line{rig, "a"};
  rig.strings().start = [&](auto, auto) {
    EXPECT_EQ(MORTISE_OK, line.open("line"));
    return mortise_answer_t{MORTISE_ALLOW};
  };
  {
    Renewing renewing{rig, "  - {name: a, library: puppet}"};
    ASSERT_EQ("", renewing.prepare());
    ASSERT_EQ("", renewing.start());
    for (int i = 0; i < 5; ++i) rig.turn();
    EXPECT_EQ(0U, line.count("opened"));
  }
  line.forget();
  ASSERT_TRUE((Renewing{rig, "  - {name: a, library: puppet}"}.take()));
  EXPECT_TRUE(line.sees("opened")) << line.all();
}

TEST(Renewal, the_store_stays_what_it_is) {
  Rig rig{"  - {name: a, library: puppet}"};
  rig.run();
  EXPECT_NE(std::string::npos, Renewing(rig, "  - {name: s, library: puppet_store}")
                                   .prepare()
                                   .find("provides a store, and the broker runs without"));
  EXPECT_EQ("a", rig.host->status().at(0).name);
}

TEST(Renewal, a_store_that_is_missing_is_told) {
  Rig rig{"  - {name: s, library: puppet_store}"};
  Strings& strings = rig.strings("s");
  strings.start = [&](auto, auto) {
    EXPECT_EQ(MORTISE_OK, strings.attach(MORTISE_STORE));
    return mortise_answer_t{MORTISE_ALLOW};
  };
  ASSERT_EQ("", text_of(rig.load()));
  ASSERT_EQ("", text_of(rig.host->start()));
  Renewing without{rig, "  - {name: a, library: puppet}"};
  ASSERT_EQ("", without.prepare());
  EXPECT_NE(std::string::npos, text_of(without.renewal->check_store()).find("cannot be taken out"));
  Renewing changed{rig, "  - {name: s, library: puppet_store, grants: []}"};
  EXPECT_NE(std::string::npos, changed.prepare().find("what it has taken is in its hands"));
}

TEST(Renewal, a_library_that_is_not_there_is_told_or_left_out) {
  Rig rig{"  - {name: a, library: puppet}"};
  rig.run();
  EXPECT_NE(std::string::npos, Renewing(rig, "  - {name: b, library: nowhere}")
                                   .prepare()
                                   .find("there is no plugin library \"nowhere\""));
  Renewing without{rig, "  - {name: a, library: puppet}\n  - {name: b, library: nowhere, required: false}"};
  EXPECT_NE(std::string::npos, without.prepare().find("the broker goes on without it"));
  EXPECT_EQ("", without.start());
  without.begin_to_take();
  EXPECT_TRUE(rig.turn_until([&] { return without.is_done.load(); }));
}

TEST(Renewal, a_hundred_in_a_row_leave_one_instance) {
  Rig rig{"  - {name: a0, library: puppet}"};
  rig.run();
  auto& client = rig.connect("x");
  std::vector<std::unique_ptr<Judge>> judges;
  for (int i = 1; i <= 100; ++i) {
    const std::string name = "a" + std::to_string(i);
    judges.push_back(std::make_unique<Judge>(rig, name, MORTISE_ALLOW));
    ASSERT_TRUE((Renewing{rig, "  - {name: " + name + ", library: puppet}"}.take()));
    rig.publish(client, "t", name);
  }
  EXPECT_EQ(100U, pubacks(rig, client).size());
  for (const auto& judge : judges) EXPECT_EQ(1, judge->asked);
  EXPECT_EQ(1U, rig.host->status().size());
}

}  // namespace
}  // namespace mortise::host
