// mortise passwd as people and scripts call it.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "password.hpp"
#include "users.hpp"

namespace mortise::auth_file {
namespace {

namespace fs = std::filesystem;

struct Outcome {
  int code = -1;
  std::string output;
};

[[noreturn]] void become_passwd(const std::vector<std::string>& arguments) {
  std::vector<char*> list{const_cast<char*>(MORTISE_PASSWD)};
  for (const std::string& each : arguments) list.push_back(const_cast<char*>(each.c_str()));
  list.push_back(nullptr);
  execv(MORTISE_PASSWD, list.data());
  _exit(126);
}

std::string read_all(int file) {
  std::string out;
  std::array<char, 4096> block{};
  for (ssize_t count; (count = ::read(file, block.data(), block.size())) > 0;)
    out.append(block.data(), static_cast<std::size_t>(count));
  return out;
}

int code_of(pid_t child) {
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// With `input` on standard input. `full_disk`: no file can grow.
Outcome passwd(const std::vector<std::string>& arguments, const std::string& input, bool full_disk = false) {
  std::array<int, 2> in{}, out{};
  if (pipe(in.data()) != 0 || pipe(out.data()) != 0) return {};
  signal(SIGPIPE, SIG_IGN);  // it may end before it has read its input
  const pid_t child = fork();
  if (child == 0) {
    signal(SIGPIPE, SIG_DFL);
    dup2(in[0], STDIN_FILENO);
    for (const int to : {STDOUT_FILENO, STDERR_FILENO}) dup2(out[1], to);
    for (const int each : {in[0], in[1], out[0], out[1]}) close(each);
    if (full_disk) {
      const rlimit none{0, 0};
      signal(SIGXFSZ, SIG_IGN);
      setrlimit(RLIMIT_FSIZE, &none);
    }
    become_passwd(arguments);
  }
  close(in[0]);
  close(out[1]);
  (void)!::write(in[1], input.data(), input.size());
  close(in[1]);
  Outcome result;
  result.output = read_all(out[0]);
  close(out[0]);
  result.code = code_of(child);
  return result;
}

// At a terminal: each answer is typed when a question stands there.
Outcome passwd_at_terminal(const std::vector<std::string>& arguments,
                           const std::vector<std::string>& answers) {
  int master = -1;
  const pid_t child = forkpty(&master, nullptr, nullptr, nullptr);
  if (child == 0) become_passwd(arguments);
  Outcome result;
  std::size_t asked = 0, seen = 0;
  std::array<char, 4096> block{};
  for (ssize_t count; (count = ::read(master, block.data(), block.size())) > 0;) {
    result.output.append(block.data(), static_cast<std::size_t>(count));
    const std::size_t question = result.output.find(": ", seen);
    if (question == std::string::npos || asked == answers.size()) continue;
    seen = question + 2;
    (void)!::write(master, answers[asked].data(), answers[asked].size());
    ++asked;
  }
  result.code = code_of(child);
  close(master);
  return result;
}

class Passwd : public testing::Test {
 protected:
  Passwd() {
    std::string name = (fs::temp_directory_path() / "mortise-passwd-XXXXXX").string();
    folder_ = mkdtemp(name.data());
    file_ = (folder_ / "users.yaml").string();
  }
  ~Passwd() override { fs::remove_all(folder_); }

  std::string content() const {
    std::ifstream in{file_};
    return {std::istreambuf_iterator<char>{in}, {}};
  }
  void write(const std::string& text) const { std::ofstream{file_} << text; }
  bool admits(const std::string& user, const std::string& password) const {
    Mistakes mistakes;
    const auto users = read_users(content(), "users.yaml", mistakes);
    const User* found = users ? users->find(user) : nullptr;
    return found && mistakes.empty() && is_password(password, found->hash);
  }
  std::size_t files() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator{folder_}, fs::directory_iterator{}));
  }

  fs::path folder_;
  std::string file_;
};

TEST_F(Passwd, adds_a_user_from_standard_input_and_changes_it) {
  write("# people\ngroups: [pumps]\nusers: []\n");
  Outcome said = passwd({"--group", "pumps", file_, "pump-7"}, "secret\nignored\n");
  EXPECT_EQ(said.code, 0) << said.output;
  EXPECT_EQ(said.output, file_ + ": pump-7 was added\n");
  EXPECT_TRUE(admits("pump-7", "secret"));
  EXPECT_TRUE(content().starts_with("# people\n"));

  said = passwd({file_, "pump-7"}, "other");
  EXPECT_EQ(said.output, file_ + ": pump-7 has a new password\n");
  EXPECT_TRUE(admits("pump-7", "other"));
  EXPECT_NE(content().find("groups: [pumps]", content().find("pump-7")), std::string::npos);

  EXPECT_EQ(passwd({"--delete", file_, "pump-7"}, "").code, 0);
  EXPECT_EQ(content(), "# people\ngroups: [pumps]\nusers:\n");
}

TEST_F(Passwd, makes_a_file_that_is_not_there) {
  EXPECT_EQ(passwd({file_, "a"}, "secret\r\n").code, 0);
  EXPECT_TRUE(admits("a", "secret"));
  EXPECT_EQ(fs::status(file_).permissions(), fs::perms{0640});
}

TEST_F(Passwd, asks_twice_at_a_terminal_and_shows_nothing) {
  const Outcome said = passwd_at_terminal({file_, "a"}, {"top secret\n", "top secret\n"});
  EXPECT_EQ(said.code, 0) << said.output;
  EXPECT_EQ(said.output.find("secret"), std::string::npos) << said.output;
  EXPECT_NE(said.output.find("Password for a: "), std::string::npos);
  EXPECT_NE(said.output.find("Once more: "), std::string::npos);
  EXPECT_TRUE(admits("a", "top secret"));
}

TEST_F(Passwd, changes_nothing_when_the_two_differ) {
  EXPECT_EQ(passwd_at_terminal({file_, "a"}, {"one\n", "two\n"}).code, 3);
  EXPECT_FALSE(fs::exists(file_));
}

TEST_F(Passwd, can_be_interrupted) {
  EXPECT_EQ(passwd_at_terminal({file_, "a"}, {"one\x03\n"}).code, 3);
  EXPECT_FALSE(fs::exists(file_));
}

TEST_F(Passwd, keeps_the_mode_and_follows_a_link) {
  write("users: []\n");
  fs::permissions(file_, fs::perms{0604});
  const std::string link = (folder_ / "link").string();
  fs::create_symlink("users.yaml", link);
  EXPECT_EQ(passwd({link, "a"}, "x").code, 0);
  EXPECT_TRUE(fs::is_symlink(link));
  EXPECT_EQ(fs::status(file_).permissions(), fs::perms{0604});
  EXPECT_TRUE(admits("a", "x"));
}

TEST_F(Passwd, leaves_the_file_whole_and_nothing_beside_it_when_the_disk_is_full) {
  write("users: []\n");
  const Outcome said = passwd({file_, "a"}, "x", true);
  EXPECT_EQ(said.code, 1);
  EXPECT_NE(said.output.find("File too large"), std::string::npos) << said.output;
  EXPECT_EQ(content(), "users: []\n");
  EXPECT_EQ(files(), 1u);
}

TEST_F(Passwd, called_many_times_at_once_loses_no_user_and_shows_no_half_file) {
  write("users: []\n");
  std::vector<pid_t> children;
  for (int i = 0; i < 8; ++i) {
    const pid_t child = fork();
    if (child == 0) _exit(passwd({file_, "user-" + std::to_string(i)}, "x").code);
    children.push_back(child);
  }
  for (const pid_t child : children) {
    Mistakes mistakes;
    (void)read_users(content(), "users.yaml", mistakes);
    EXPECT_TRUE(mistakes.empty()) << mistakes.front().to_text();
    EXPECT_EQ(code_of(child), 0);
  }
  for (int i = 0; i < 8; ++i) EXPECT_TRUE(admits("user-" + std::to_string(i), "x")) << i;
  EXPECT_EQ(files(), 1u);
}

TEST_F(Passwd, puts_no_file_in_the_place_of_a_pipe_or_device) {
  ASSERT_EQ(mkfifo(file_.c_str(), 0600), 0);
  const Outcome said = passwd({file_, "a"}, "x");
  EXPECT_EQ(said.code, 1);
  EXPECT_NE(said.output.find("is no regular file"), std::string::npos) << said.output;
  EXPECT_TRUE(fs::is_fifo(file_));
}

TEST_F(Passwd, tells_what_else_is_wrong_with_the_file) {
  write("users:\n  - {name: b, password: plain}\n");
  const Outcome said = passwd({file_, "a"}, "x");
  EXPECT_EQ(said.code, 0);
  EXPECT_NE(said.output.find(":2:25  users/0/password: this looks like a plain password"), std::string::npos)
      << said.output;
}

struct Row {
  const char* name;
  std::vector<std::string> arguments;  // FILE stands for the file
  int code;
  const char* says;
};
void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }

class Answer : public Passwd, public testing::WithParamInterface<Row> {};
TEST_P(Answer, has_its_exit_code) {
  write("groups: [pumps]\nusers: []\n");
  std::vector<std::string> arguments = GetParam().arguments;
  for (std::string& each : arguments)
    if (each == "FILE") each = file_;
  const Outcome said = passwd(arguments, "\n");
  EXPECT_EQ(said.code, GetParam().code);
  EXPECT_NE(said.output.find(GetParam().says), std::string::npos) << said.output;
  EXPECT_EQ(content(), "groups: [pumps]\nusers: []\n");
}

INSTANTIATE_TEST_SUITE_P(
    Passwd, Answer,
    testing::ValuesIn<Row>({
        {"help", {"--help"}, 0, "Exit codes:"},
        {"no_arguments", {}, 2, "give a file and a user name"},
        {"too_many", {"FILE", "a", "b"}, 2, "give a file and a user name"},
        {"an_unknown_option", {"--remove", "FILE", "a"}, 2, "unknown option --remove"},
        {"a_group_without_a_name", {"FILE", "a", "--group"}, 2, "--group wants a name"},
        {"delete_and_group", {"--delete", "--group=x", "FILE", "a"}, 2, "do not go together"},
        {"an_empty_user_name", {"FILE", ""}, 2, "a user name is not empty"},
        {"a_user_name_that_is_not_utf8",
         {"FILE", "M\xFCller"},
         2,
         "a user name is UTF-8, and this one is not"},
        {"a_control_character", {"FILE", "a\nb"}, 2, "a user name holds no control characters"},
        {"a_user_name_mqtt_cannot_carry", {"FILE", std::string(65536, 'a')}, 2, "has 65535 at most"},
        {"an_empty_password", {"FILE", "a"}, 3, "an empty password is none"},
        {"an_unknown_group", {"--group=pump", "FILE", "a"}, 3, "did you mean \"pumps\"?"},
        {"no_such_user", {"--delete", "FILE", "a"}, 3, "there is no user \"a\""},
        {"a_folder_as_a_file", {"/", "a"}, 1, "Is a directory"},
        {"a_name_that_looks_like_an_option",
         {"--delete", "--", "FILE", "--help"},
         3,
         "there is no user \"--help\""},
    }),
    [](const auto& row) { return std::string{row.param.name}; });

}  // namespace
}  // namespace mortise::auth_file
