// Sockets in the file system: who gets in, what may be in the way, and what stays behind.
#include "net/unix_socket.hpp"

#include <sys/un.h>

#include <filesystem>
#include <fstream>

#include "net/served.hpp"

namespace mortise::net {
namespace {

namespace fs = std::filesystem;

class UnixSockets : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "mortise-unix-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    path_ = (folder_ / "broker.sock").string();
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::string refused(UnixEndpoint endpoint) {
    const auto listening = listen_on_unix(endpoint);
    return listening ? "" : listening.error();
  }
  // Whether it could be bound and is open.
  template <class Where>
  static bool opens(Served& served, Where&& where) {
    auto entrance = Loops::bind(served.loops().make_door(served.listener), std::forward<Where>(where));
    if (!entrance) return false;
    served.loops().open(std::move(*entrance));
    return true;
  }
  fs::path folder_;
  std::string path_;
};

TEST_F(UnixSockets, clients_get_in_and_are_known_by_path_and_process) {
  Served served{3};
  ASSERT_TRUE(opens(served, UnixEndpoint{path_}));
  served.start();
  SocketClient client{0, {.address = path_}};
  ASSERT_EQ(client.connect(served.client_id_on(2, "local"), Served::clean()), mqtt::ReasonCode::success);
  ASSERT_TRUE(client.subscribe("echo", mqtt::Qos::at_most_once));
  ASSERT_TRUE(client.send(publish_of("echo", bytes_of(std::string(500'000, 'u')))));
  const auto* heard = client.receive_as<mqtt::Publish>();
  ASSERT_TRUE(heard && heard->payload.size() == 500'000);
  const auto lines = served.log.of("client.connected");
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0].address, "unix:" + path_ + " (pid " + std::to_string(::getpid()) + ", uid " +
                                  std::to_string(::getuid()) + ")");
}

TEST_F(UnixSockets, a_path_is_opened_with_its_mode_and_removed_at_the_end) {
  {
    Served served{1};
    ASSERT_TRUE(opens(served, UnixEndpoint{path_, 0600}));
    served.start();
    EXPECT_EQ(fs::status(path_).permissions(), fs::perms::owner_read | fs::perms::owner_write);
    served.loops().stop(100ms);
    EXPECT_FALSE(fs::exists(path_));
  }
  EXPECT_FALSE(fs::exists(path_));
}

TEST_F(UnixSockets, a_successor_keeps_its_socket) {
  auto first = listen_on_unix({path_});
  ASSERT_TRUE(first);
  fs::remove(path_);
  auto second = listen_on_unix({path_});
  ASSERT_TRUE(second);
  { const SocketFile gone = std::move(first->file); }
  EXPECT_TRUE(fs::exists(path_));
}

TEST_F(UnixSockets, a_socket_that_nobody_listens_on_is_replaced) {
  {
    const Descriptor left{::socket(AF_UNIX, SOCK_STREAM, 0)};
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof address.sun_path - 1);
    ASSERT_EQ(::bind(left.number(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  ASSERT_TRUE(fs::exists(path_));
  EXPECT_EQ(refused({path_}), "");
}

TEST_F(UnixSockets, one_that_somebody_listens_on_is_not) {
  const auto first = listen_on_unix({path_});
  ASSERT_TRUE(first);
  EXPECT_EQ(refused({path_}), "a program listens there; stop it (ss -lxp names it), or choose another path");
  EXPECT_TRUE(fs::exists(path_));
}

TEST_F(UnixSockets, another_kind_of_file_is_left_alone) {
  std::ofstream{path_} << "precious";
  EXPECT_EQ(refused({path_}), "there is something that is no socket; move it away, or choose another path");
  EXPECT_TRUE(fs::is_regular_file(path_));
}

TEST_F(UnixSockets, what_cannot_be_opened_says_why) {
  EXPECT_NE(refused({(folder_ / "nowhere" / "x.sock").string()}).find("the folder is not there"),
            std::string::npos);
  EXPECT_NE(refused({(folder_ / std::string(108, 'x')).string()}).find("longer than the 107 bytes"),
            std::string::npos);
  EXPECT_NE(refused({path_, 0660, "no-such-user", ""}).find("there is no user \"no-such-user\""),
            std::string::npos);
  EXPECT_NE(refused({path_, 0660, "", "no-such-group"}).find("there is no group"), std::string::npos);
  EXPECT_FALSE(fs::exists(path_));
}

TEST_F(UnixSockets, owner_and_group_are_names_or_numbers) {
  EXPECT_EQ(refused({path_, 0660, std::to_string(::getuid()), std::to_string(::getgid())}), "");
  if (::getuid() == 0) {
    const auto given = listen_on_unix({path_, 0660, "daemon", "daemon"});
    ASSERT_TRUE(given) << given.error();
    struct stat made {};
    ASSERT_EQ(::stat(path_.c_str(), &made), 0);
    EXPECT_NE(made.st_uid, 0U);
    EXPECT_NE(made.st_gid, 0U);
  }
}

TEST_F(UnixSockets, one_that_was_opened_by_somebody_else_is_served_and_not_removed) {
  auto opened = listen_on_unix({path_});
  ASSERT_TRUE(opened);
  {
    Served served{1};
    ASSERT_TRUE(opens(served, std::move(opened->socket)));
    served.start();
    SocketClient client{0, {.address = path_}};
    EXPECT_EQ(client.connect("passed", Served::clean()), mqtt::ReasonCode::success);
  }
  EXPECT_TRUE(fs::exists(path_));
}

}  // namespace
}  // namespace mortise::net
