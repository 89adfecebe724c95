// What the service manager is told, on a socket of the test's own, and what an odd environment leads to.
#include "app/service_manager.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <array>
#include <cstddef>
#include <filesystem>
#include <optional>

namespace mortise::app {
namespace {

using std::chrono::microseconds;

constexpr std::array variables{"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"};

class ServiceManagerTest : public testing::Test {
 protected:
  ServiceManagerTest() {
    for (const char* variable : variables) unsetenv(variable);
    std::string pattern = (std::filesystem::temp_directory_path() / "mortise-notify-XXXXXX").string();
    folder = mkdtemp(pattern.data());
  }
  ~ServiceManagerTest() override {
    for (const char* variable : variables) unsetenv(variable);
    std::filesystem::remove_all(folder);
  }

  std::string path() const { return (folder / "notify").string(); }

  // Where the manager hears; a name that begins with a zero byte is abstract.
  static net::Descriptor bound(const std::string& name) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    name.copy(address.sun_path, sizeof address.sun_path);
    const std::size_t size = name.size() + (name.front() == '\0' ? 0 : 1);
    net::Descriptor socket{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    EXPECT_EQ(::bind(socket.number(), reinterpret_cast<const sockaddr*>(&address),
                     static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + size)),
              0);
    return socket;
  }

  // A datagram is there as soon as it was sent; empty when none is.
  static std::string heard(const net::Descriptor& socket) {
    std::array<char, 4096> buffer;
    const ssize_t size = ::recv(socket.number(), buffer.data(), buffer.size(), 0);
    return size < 0 ? std::string{} : std::string{buffer.data(), static_cast<std::size_t>(size)};
  }

  static ServiceManager manager_with(const char* socket, const char* watchdog = nullptr,
                                     const char* process = nullptr) {
    if (socket) setenv("NOTIFY_SOCKET", socket, 1);
    if (watchdog) setenv("WATCHDOG_USEC", watchdog, 1);
    if (process) setenv("WATCHDOG_PID", process, 1);
    return ServiceManager::from_environment();
  }

  std::filesystem::path folder;
};

TEST_F(ServiceManagerTest, is_told_each_thing_in_a_datagram_of_its_own) {
  const net::Descriptor socket = bound(path());
  ServiceManager manager = manager_with(path().c_str());
  EXPECT_TRUE(manager.listens());
  manager.ready();
  manager.status("3 connections");
  manager.feed();
  manager.reloading(microseconds{1234567});
  manager.stopping();
  EXPECT_EQ(heard(socket), "READY=1");
  EXPECT_EQ(heard(socket), "STATUS=3 connections");
  EXPECT_EQ(heard(socket), "WATCHDOG=1");
  EXPECT_EQ(heard(socket), "RELOADING=1\nMONOTONIC_USEC=1234567");
  EXPECT_EQ(heard(socket), "STOPPING=1");
  EXPECT_TRUE(manager.take_complaints().empty());
}

TEST_F(ServiceManagerTest, is_told_the_same_status_once) {
  const net::Descriptor socket = bound(path());
  ServiceManager manager = manager_with(path().c_str());
  manager.status("idle");
  manager.status("idle");
  manager.status("busy");
  EXPECT_EQ(heard(socket), "STATUS=idle");
  EXPECT_EQ(heard(socket), "STATUS=busy");
}

TEST_F(ServiceManagerTest, may_listen_at_an_abstract_name) {
  const std::string name = "mortise-test-" + std::to_string(::getpid());
  const net::Descriptor socket = bound('\0' + name);
  ServiceManager manager = manager_with(('@' + name).c_str());
  manager.ready();
  EXPECT_EQ(heard(socket), "READY=1");
}

TEST_F(ServiceManagerTest, may_listen_at_the_longest_path_a_socket_can_have) {
  std::string longest = path();
  longest.append(sizeof sockaddr_un::sun_path - 1 - longest.size(), 'x');
  const net::Descriptor socket = bound(longest);
  ServiceManager manager = manager_with(longest.c_str());
  manager.ready();
  EXPECT_EQ(heard(socket), "READY=1");
}

TEST_F(ServiceManagerTest, is_not_the_one_of_programs_we_start) {
  const net::Descriptor socket = bound(path());
  const ServiceManager manager = manager_with(path().c_str(), "30000000", "1");
  for (const char* variable : variables) EXPECT_EQ(getenv(variable), nullptr) << variable;
}

TEST_F(ServiceManagerTest, that_is_not_there_is_told_nothing) {
  ServiceManager manager = manager_with(nullptr);
  EXPECT_FALSE(manager.listens());
  manager.ready();
  manager.status("idle");
  EXPECT_TRUE(manager.take_complaints().empty());
}

TEST_F(ServiceManagerTest, that_went_away_is_complained_of_once_until_it_is_back) {
  ServiceManager manager = manager_with(path().c_str());
  manager.ready();
  manager.feed();
  const auto complaints = manager.take_complaints();
  ASSERT_EQ(complaints.size(), 1u);
  EXPECT_EQ(complaints[0], "the service manager at NOTIFY_SOCKET " + path() +
                               " did not take READY=1: No such file or directory");
  {
    const net::Descriptor socket = bound(path());
    manager.feed();
    EXPECT_EQ(heard(socket), "WATCHDOG=1");
  }
  manager.feed();
  ASSERT_EQ(manager.take_complaints().size(), 1u);
}

struct OddSocket {
  const char* name;
  std::string value;
  const char* complaint;
};

class OddSocketTest : public ServiceManagerTest, public testing::WithParamInterface<OddSocket> {};

TEST_P(OddSocketTest, is_as_if_it_were_not_there_and_said) {
  ServiceManager manager = manager_with(GetParam().value.c_str());
  EXPECT_FALSE(manager.listens());
  manager.ready();
  const auto complaints = manager.take_complaints();
  ASSERT_EQ(complaints.size(), 1u);
  EXPECT_NE(complaints[0].find(GetParam().complaint), std::string::npos) << complaints[0];
}

INSTANTIATE_TEST_SUITE_P(rows, OddSocketTest,
                         testing::Values(OddSocket{"relative", "run/notify", "neither a path from / nor @"},
                                         OddSocket{"at_alone", "@", "neither a path from / nor @"},
                                         OddSocket{"vsock", "vsock:2:1234", "neither a path from / nor @"},
                                         OddSocket{"long_path", "/" + std::string(107, 'x'), "has 108 bytes"},
                                         OddSocket{"long_abstract", "@" + std::string(108, 'x'),
                                                   "has 109 bytes"}),
                         [](const auto& row) { return row.param.name; });

TEST_F(ServiceManagerTest, an_empty_socket_is_none) {
  ServiceManager manager = manager_with("");
  EXPECT_FALSE(manager.listens());
  EXPECT_TRUE(manager.take_complaints().empty());
}

struct Watchdog {
  const char* name;
  const char* value;
  std::optional<microseconds> wants;  // empty: it makes no sense
};

class WatchdogTest : public ServiceManagerTest, public testing::WithParamInterface<Watchdog> {};

TEST_P(WatchdogTest, is_a_number_of_microseconds_or_said_to_be_none) {
  ServiceManager manager = manager_with(path().c_str(), GetParam().value);
  EXPECT_EQ(manager.watchdog(), GetParam().wants.value_or(microseconds{0}));
  const auto complaints = manager.take_complaints();
  ASSERT_EQ(complaints.size(), GetParam().wants ? 0u : 1u);
  for (const std::string& complaint : complaints)
    EXPECT_EQ(complaint, "WATCHDOG_USEC is \"" + std::string{GetParam().value} +
                             "\", which is no number of microseconds: no watchdog is fed");
}

INSTANTIATE_TEST_SUITE_P(
    rows, WatchdogTest,
    testing::Values(Watchdog{"half_a_minute", "30000000", microseconds{30000000}},
                    Watchdog{"the_shortest", "1", microseconds{1}},
                    Watchdog{"the_longest", "9223372036854775", microseconds{9223372036854775}},
                    Watchdog{"one_more", "9223372036854776", {}},
                    Watchdog{"of_64_bits", "18446744073709551615", {}},
                    Watchdog{"beyond_64_bits", "99999999999999999999", {}}, Watchdog{"nothing", "0", {}},
                    Watchdog{"less", "-5", {}}, Watchdog{"with_a_unit", "30s", {}},
                    Watchdog{"with_a_space", " 30", {}}),
    [](const auto& row) { return row.param.name; });

TEST_F(ServiceManagerTest, a_watchdog_without_a_socket_cannot_be_fed) {
  ServiceManager manager = manager_with(nullptr, "30000000");
  EXPECT_EQ(manager.watchdog(), base::Duration::zero());
  ASSERT_EQ(manager.take_complaints().size(), 1u);
}

TEST_F(ServiceManagerTest, a_watchdog_of_another_process_is_not_ours) {
  ServiceManager manager = manager_with(path().c_str(), "30000000", "1");
  EXPECT_EQ(manager.watchdog(), base::Duration::zero());
  EXPECT_TRUE(manager.take_complaints().empty());
  ServiceManager ours = manager_with(path().c_str(), "30000000", std::to_string(::getpid()).c_str());
  EXPECT_EQ(ours.watchdog(), microseconds{30000000});
}

}  // namespace
}  // namespace mortise::app
