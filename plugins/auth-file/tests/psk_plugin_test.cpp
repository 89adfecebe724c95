// Keys of TLS clients through the plugin's C functions: what it gives, on which loop, after which reload.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "plugin.hpp"
#include "testkit/driven.hpp"

namespace mortise::test {
namespace {

namespace fs = std::filesystem;
using auth_file::Plugin;
using Tables = detail::tables<Plugin>;

#define KEY_A "000102030405060708090a0b0c0d0e0f"
#define KEY_B "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff0011"

const Json keys_only = Json::parse(R"({"psk": "psk.yaml"})");

class AuthFilePsk : public testing::Test {
 protected:
  AuthFilePsk() {
    std::string name = (fs::temp_directory_path() / "mortise-psk-XXXXXX").string();
    folder_ = mkdtemp(name.data());
    write("keys: [{identity: pump-7, key: " KEY_A "}]\n");
  }
  ~AuthFilePsk() override { fs::remove_all(folder_); }

  void write(const std::string& text, mode_t mode = 0600) const {
    const fs::path path = folder_ / "psk.yaml";
    std::ofstream{path} << text;
    ASSERT_EQ(::chmod(path.c_str(), mode), 0);
  }
  // The size of the key, or the answer that was not ALLOW, negative.
  static int find(Driven<Plugin>& driven, std::string_view identity, std::uint32_t loop = 0) {
    mortise_psk_key_t key;
    const mortise_answer_t said = driven.find_psk(identity, key, loop);
    return said == MORTISE_ALLOW ? static_cast<int>(key.size) : -said;
  }
  static mortise_status_t reload(Driven<Plugin>& driven, const Json& config) {
    void* plan = nullptr;
    const mortise_status_t said =
        Tables::reload_table.prepare(driven.self, node(config), driven.host.report(), &plan);
    if (said == MORTISE_OK) Tables::reload_table.commit(driven.self, plan);
    return said;
  }

  fs::path folder_;
};

TEST_F(AuthFilePsk, gives_the_key_of_an_identity_and_leaves_others_to_others) {
  Driven<Plugin> driven{keys_only, folder_.string()};
  driven.start();
  ASSERT_EQ(driven.host.attached.size(), 1u);
  EXPECT_EQ(driven.host.attached[0].extension, MORTISE_PSK);
  for (const std::uint32_t loop : {0u, 1u, 63u, 64u, MORTISE_NO_LOOP}) {
    EXPECT_EQ(find(driven, "pump-7", loop), 16);
    EXPECT_EQ(find(driven, "pump-8", loop), -MORTISE_PASS);
  }
}

TEST_F(AuthFilePsk, takes_new_keys_and_keeps_the_old_ones_when_a_new_file_is_wrong) {
  Driven<Plugin> driven{keys_only, folder_.string()};
  driven.start();
  EXPECT_EQ(find(driven, "pump-7"), 16);
  write("keys: [{identity: pump-7, key: " KEY_B "}, {identity: pump-8, key: " KEY_A "}]\n");
  ASSERT_EQ(reload(driven, keys_only), MORTISE_OK);
  EXPECT_EQ(find(driven, "pump-7"), 18);
  EXPECT_EQ(find(driven, "pump-8"), 16);
  write("keys: [{identity: pump-7, key: 00}]\n");
  EXPECT_EQ(reload(driven, keys_only), MORTISE_E_INVALID);
  EXPECT_EQ(
      driven.host.findings,
      (std::vector<std::string>{"|keys/0/key: a key of 1 bytes can be guessed: 16 are the least|make one "
                                "with: openssl rand -hex 32|" +
                                (folder_ / "psk.yaml").string() + ":1:32"}));
  EXPECT_EQ(find(driven, "pump-7"), 18);
}

TEST_F(AuthFilePsk, refuses_a_file_that_everybody_may_read_at_start_and_at_reload) {
  {
    Driven<Plugin> driven{keys_only, folder_.string()};
    driven.start();
    write("keys: []\n", 0644);
    EXPECT_EQ(reload(driven, keys_only), MORTISE_E_INVALID);
    EXPECT_EQ(find(driven, "pump-7"), 16);
  }
  const Driven<Plugin> driven{keys_only, folder_.string()};
  EXPECT_EQ(driven.configured, MORTISE_E_INVALID);
  EXPECT_EQ(
      driven.host.findings,
      std::vector<std::string>{"/psk|" + (folder_ / "psk.yaml").string() +
                               " can be read by every user of this machine, and it holds keys|chmod 640 it, "
                               "or 600|"});
}

TEST_F(AuthFilePsk, is_not_asked_for_keys_without_a_file_of_them) {
  std::ofstream{folder_ / "access.yaml"} << "rules: []\n";
  const Json rules_only = Json::parse(R"({"access": "access.yaml"})");
  Driven<Plugin> driven{rules_only, folder_.string()};
  driven.start();
  ASSERT_EQ(driven.host.attached.size(), 1u);
  EXPECT_EQ(driven.host.attached[0].extension, MORTISE_AUTHORISE);
  EXPECT_EQ(find(driven, "pump-7"), -MORTISE_PASS) << "a loop may still ask when a reload took the file out";
}

}  // namespace
}  // namespace mortise::test
