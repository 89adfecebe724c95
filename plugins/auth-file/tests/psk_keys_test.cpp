// What a file of keys says, and what is said about one that is wrong: never the key.
#include "psk_keys.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "access.hpp"

namespace mortise::auth_file {
namespace {

#define KEY "00112233445566778899aabbccddEEFF"

TEST(PskKeys, are_found_by_identity) {
  Mistakes mistakes;
  const auto keys = read_psk_keys("keys:\n  - identity: pump-7\n    key: " KEY
                                  "\n  - {identity: M\xC3\xBCller "
                                  "2, key: \"" KEY KEY "\"}\n",
                                  "psk.yaml", mistakes);
  ASSERT_TRUE(keys && mistakes.empty()) << mistakes.front().to_text();
  ASSERT_NE(keys->find("pump-7"), nullptr);
  const auto& bytes = keys->find("pump-7")->key.get();
  EXPECT_EQ(bytes, (std::vector<std::uint8_t>{0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99,
                                              0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF}));
  EXPECT_EQ(keys->find("pump-7")->line, 2u);
  EXPECT_EQ(keys->find("M\xC3\xBCller 2")->key.get().size(), 32u);
  EXPECT_EQ(keys->find("pump-8"), nullptr);
}

// Digits alone are a number to YAML, and leading zeros count.
TEST(PskKeys, may_be_digits_only) {
  Mistakes mistakes;
  const auto keys =
      read_psk_keys("keys: [{identity: a, key: 00000000000000000000000000000001}]\n", "psk.yaml", mistakes);
  ASSERT_TRUE(keys && mistakes.empty());
  EXPECT_EQ(keys->find("a")->key.get().size(), 16u);
  EXPECT_EQ(keys->find("a")->key.get().back(), 1);
}

TEST(PskKeys, of_an_empty_list_are_none) {
  Mistakes mistakes;
  const auto keys = read_psk_keys("keys: []\n", "psk.yaml", mistakes);
  ASSERT_TRUE(keys && mistakes.empty());
  EXPECT_TRUE(keys->by_identity.empty());
}

TEST(PskKeys, are_names_that_rules_may_name) {
  Mistakes mistakes;
  const auto users = read_users("users: []\n", "users.yaml", mistakes);
  const auto keys = read_psk_keys("keys: [{identity: pump-7, key: " KEY "}]\n", "psk.yaml", mistakes);
  const std::string rules = "rules: [{user: pump-7, may: [write], topics: [\"state/%u\"]}]\n";
  const auto access = read_access(rules, "access.yaml", &*users, &*keys, mistakes);
  ASSERT_TRUE(mistakes.empty()) << mistakes.front().to_text();
  EXPECT_TRUE(access->judge({"pump-7", "id", Action::publish, "state/pump-7"}).allowed);
  EXPECT_FALSE(access->judge({"pump-7", "id", Action::publish, "state/pump-8"}).allowed);
  (void)read_access(rules, "access.yaml", &*users, nullptr, mistakes);
  EXPECT_EQ(mistakes.size(), 1u);
}

TEST(PskKeys, are_refused_in_a_file_that_everybody_may_read_or_write) {
  std::string path = "/tmp/mortise-psk-XXXXXX";
  const int file = mkstemp(path.data());
  ASSERT_GE(file, 0);
  Mistakes mistakes;
  for (const mode_t mode : {0600u, 0640u, 0660u, 0622u, 0644u, 0666u}) {
    ASSERT_EQ(::fchmod(file, mode), 0);
    const char* const can = mode & S_IROTH ? "read" : mode & S_IWOTH ? "written" : nullptr;
    const auto read = [&](Holds holds) { return read_file(path, "psk.yaml", mistakes, holds).has_value(); };
    EXPECT_EQ(read(Holds::keys), can == nullptr);
    std::string said;
    for (const Mistake& each : mistakes) said += each.to_text();
    EXPECT_EQ(said, can ? std::string{"psk.yaml  can be "} + can +
                              " by every user of this machine, and it holds keys; chmod 640 it, or 600"
                        : "");
    mistakes.clear();
    EXPECT_TRUE(read(Holds::settings) && mistakes.empty());
  }
  ::close(file);
  std::remove(path.c_str());
}

// As a file that grows while it is read, and those of /proc.
TEST(PskKeys, come_whole_from_a_file_that_does_not_know_its_size) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const std::string said(60'000, 'k');  // as much as a pipe holds without a reader
  ASSERT_EQ(::write(ends[1], said.data(), said.size()), static_cast<ssize_t>(said.size()));
  Mistakes mistakes;
  ::close(ends[1]);
  const auto heard = read_file("/proc/self/fd/" + std::to_string(ends[0]), "psk.yaml", mistakes);
  ::close(ends[0]);
  EXPECT_TRUE(mistakes.empty());
  EXPECT_EQ(heard, said);
}

struct Row {
  const char* name;
  std::string text;
  const char* mistakes;
};
void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }

class BadPskKeys : public testing::TestWithParam<Row> {};
TEST_P(BadPskKeys, are_told_with_their_place) {
  Mistakes mistakes;
  (void)read_psk_keys(GetParam().text, "psk.yaml", mistakes);
  std::string all;
  for (const Mistake& each : mistakes) all += (all.empty() ? "" : "\n") + each.to_text();
  EXPECT_EQ(all, GetParam().mistakes);
}

INSTANTIATE_TEST_SUITE_P(
    PskKeys, BadPskKeys,
    testing::ValuesIn<Row>({
        {"a_key_that_is_a_word", "keys:\n  - {identity: a, key: swordfish}\n",
         "psk.yaml:2:24  keys/0/key: a key is an even number of hexadecimal digits; make one with: openssl "
         "rand -hex 32"},
        {"half_a_byte", "keys:\n  - {identity: a, key: " KEY "0}\n",
         "psk.yaml:2:24  keys/0/key: a key is an even number of hexadecimal digits; make one with: openssl "
         "rand -hex 32"},
        {"a_key_too_short", "keys:\n  - {identity: a, key: 001122}\n",
         "psk.yaml:2:24  keys/0/key: a key of 3 bytes can be guessed: 16 are the least; make one with: "
         "openssl rand -hex 32"},
        {"a_key_too_long", "keys: [{identity: a, key: " + std::string(514, '0') + "}]\n",
         "psk.yaml:1:27  keys/0/key: a key of 257 bytes is too long: 256 are the most; make one with: "
         "openssl "
         "rand -hex 32"},
        {"no_key", "keys:\n  - identity: a\n",
         "psk.yaml:2:5  keys/0: \"a\" has no key; make one with: openssl rand -hex 32"},
        {"no_identity", "keys:\n  - key: " KEY "\n", "psk.yaml:2:5  keys/0: has no identity"},
        {"an_identity_too_long", "keys: [{identity: " + std::string(257, 'i') + ", key: " KEY "}]\n",
         "psk.yaml:1:19  keys/0/identity: an identity of 257 bytes is too long: TLS takes 256 at most"},
        {"a_control_character_in_an_identity", "keys: [{identity: \"a\\tb\", key: " KEY "}]\n",
         "psk.yaml:1:19  keys/0/identity: holds a control character"},
        {"an_identity_twice", "keys:\n  - {identity: a, key: " KEY "}\n  - {identity: a, key: " KEY "}\n",
         "psk.yaml:3:16  keys/1/identity: \"a\" is there already, in line 2; remove one"},
        {"an_unknown_key", "keys:\n  - {identity: a, keys: x, key: " KEY "}\n",
         "psk.yaml:2:19  keys/0: unknown key \"keys\"; did you mean \"key\"?"},
        {"an_empty_entry", "keys:\n  -\n", "psk.yaml:3:1  keys/0: is empty; remove the dash"},
        {"an_empty_file", "",
         "psk.yaml:1:1  the key keys is not there, and no client could use a key; is the file whole? if that "
         "is meant, write keys: []"},
    }),
    [](const auto& row) { return std::string{row.param.name}; });

}  // namespace
}  // namespace mortise::auth_file
