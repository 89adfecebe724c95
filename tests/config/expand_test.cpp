// Where values of ${…} come from. How they stand in a file is in located_yaml_test.cpp and bad_file_test.cpp.
#include "config/expand.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "row.hpp"

namespace mortise::config {
namespace {

TEST(expand, the_environment_of_the_process_is_asked_when_a_value_is_read) {
  const Environment environment = process_environment();
  unsetenv("MORTISE_EXPAND_TEST");
  EXPECT_FALSE(expand("${MORTISE_EXPAND_TEST}", environment, "."));
  setenv("MORTISE_EXPAND_TEST", "here", 1);
  EXPECT_EQ(*expand("<${MORTISE_EXPAND_TEST}>", environment, "."), "<here>");
  unsetenv("MORTISE_EXPAND_TEST");
}

class SecretFile : public testing::Test {
 protected:
  SecretFile() {
    std::string pattern = (std::filesystem::temp_directory_path() / "mortise-expand-XXXXXX").string();
    folder = mkdtemp(pattern.data());
  }
  ~SecretFile() override { std::filesystem::remove_all(folder); }

  base::Result<std::string, Refusal> value_of(const std::string& content) {
    std::ofstream{folder / "secret", std::ios::binary} << content;
    return expand("${file:secret}", variables(), folder);
  }

  std::filesystem::path folder;
};

TEST_F(SecretFile, loses_one_line_end_and_no_more) {
  EXPECT_EQ(*value_of("s3cret"), "s3cret");
  EXPECT_EQ(*value_of("s3cret\n"), "s3cret");
  EXPECT_EQ(*value_of("s3cret\r\n"), "s3cret");
  EXPECT_EQ(*value_of(" s3cret\n\n"), " s3cret\n");
  EXPECT_EQ(*value_of(""), "");
}

TEST_F(SecretFile, is_at_most_64_kibibytes) {
  EXPECT_TRUE(value_of(std::string(64 * 1024, 'x')));
  const auto refused = value_of(std::string(64 * 1024 + 1, 'x'));
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().text.find("larger than 64KiB"), std::string::npos);
}

TEST_F(SecretFile, may_be_named_by_its_whole_path) {
  ASSERT_TRUE(value_of("s3cret"));
  EXPECT_EQ(*expand("${file:" + (folder / "secret").string() + "}", variables(), "/nowhere"), "s3cret");
}

TEST_F(SecretFile, is_not_a_folder) { EXPECT_FALSE(expand("${file:.}", variables(), folder)); }

}  // namespace
}  // namespace mortise::config
