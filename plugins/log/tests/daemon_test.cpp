// What arrives at a log daemon's socket, and what becomes of lines when there is no daemon.
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "datagram.hpp"
#include "socket_sink.hpp"
#include "written.hpp"

namespace mortise::log {
namespace {

// A daemon's end of a datagram socket.
class Daemon {
 public:
  explicit Daemon(const std::string& path) : socket_{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)} {
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    path.copy(at.sun_path, sizeof at.sun_path - 1);
    EXPECT_EQ(::bind(socket_, reinterpret_cast<const sockaddr*>(&at), sizeof at), 0) << std::strerror(errno);
  }
  ~Daemon() { ::close(socket_); }

  // The next datagram, or what the file holds whose descriptor it brings; empty after a second of nothing.
  std::string take() {
    pollfd readable{.fd = socket_, .events = POLLIN, .revents = 0};
    if (::poll(&readable, 1, 1000) != 1) return {};
    std::string out(1 << 20, '\0');
    iovec into{out.data(), out.size()};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))]{};
    msghdr message{};
    message.msg_iov = &into;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    const ssize_t count = ::recvmsg(socket_, &message, 0);
    out.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    if (const cmsghdr* header = CMSG_FIRSTHDR(&message)) {
      int file = -1;
      std::memcpy(&file, CMSG_DATA(header), sizeof file);
      EXPECT_NE(::fcntl(file, F_GET_SEALS) & F_SEAL_WRITE, 0);
      out.resize(1 << 20);
      const ssize_t size = ::pread(file, out.data(), out.size(), 0);
      out.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
      ::close(file);
    }
    return out;
  }

 private:
  int socket_;
};

SinkSettings daemon_at(const std::string& path, SinkSettings::Kind kind) {
  return {kind, Format::text, {}, path, "/sinks/0", {}, {"mortise", 3}};
}
SinkSettings syslog_at(const std::string& path) { return daemon_at(path, SinkSettings::Kind::syslog); }
SinkSettings journal_at(const std::string& path) { return daemon_at(path, SinkSettings::Kind::journald); }

const Event denied{MORTISE_WARNING,
                   "auth",
                   "client.denied",
                   "denied publish",
                   {{"client", "pump\n7"}, {"topic", "a\x1b[31m\xFF"}, {"user", ""}, {"qos", 1}}};
const std::string shown = R"(auth denied publish  client="pump\n7" topic="a\x1B[31m\xFF" qos=1)";

class ADaemon : public testing::Test {
 protected:
  ADaemon() {
    setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
    tzset();
  }
  Folder folder_;
  const std::string path_ = folder_ / "socket";
};

TEST_F(ADaemon, of_syslog_is_told_facility_severity_time_and_who) {
  Daemon daemon{path_};
  Writer writer{{syslog_at(path_)}};
  write(writer, {denied});
  EXPECT_EQ(daemon.take(), "<28>Jun 15 17:06:40 mortise[" + std::to_string(::getpid()) + "]: " + shown);
}

TEST_F(ADaemon, of_syslog_has_a_severity_for_each_level) {
  Daemon daemon{path_};
  SinkSettings settings = syslog_at(path_);
  settings.levels.otherwise = MORTISE_DEBUG;
  settings.origin = {"edge", 16};
  Writer writer{{settings}};
  for (const auto& [level, begin] : std::map<std::int32_t, std::string>{{MORTISE_DEBUG, "<135>"},
                                                                        {MORTISE_INFO, "<134>"},
                                                                        {MORTISE_NOTICE, "<133>"},
                                                                        {MORTISE_WARNING, "<132>"},
                                                                        {MORTISE_ERROR, "<131>"}}) {
    write(writer, {{.level = level}});
    const std::string said = daemon.take();
    EXPECT_TRUE(said.starts_with(begin)) << said;
    EXPECT_NE(said.find(" edge["), std::string::npos) << said;
  }
}

TEST_F(ADaemon, of_syslog_may_be_given_json) {
  Daemon daemon{path_};
  SinkSettings settings = syslog_at(path_);
  settings.format = Format::json;
  Writer writer{{settings}};
  write(writer, {denied});
  const std::string said = daemon.take();
  EXPECT_EQ(said.find('\n'), std::string::npos);
  EXPECT_EQ(nlohmann::json::parse(said.substr(said.find(": {") + 2))["client"], "pump\n7");
}

TEST_F(ADaemon, of_the_journal_is_given_a_field_for_each_value) {
  Daemon daemon{path_};
  Writer writer{{journal_at(path_)}};
  write(writer, {denied});
  EXPECT_EQ(daemon.take(), "MESSAGE=" + shown +
                               "\nPRIORITY=4\nSYSLOG_FACILITY=3\nSYSLOG_IDENTIFIER=mortise\n"
                               "MORTISE_EVENT=client.denied\nMORTISE_CATEGORY=auth\n"
                               "MORTISE_CLIENT=pump\\n7\nMORTISE_TOPIC=a\\x1B[31m\\xFF\nMORTISE_QOS=1\n");
}

TEST_F(ADaemon, of_the_journal_cannot_be_given_a_field_by_a_name_or_a_text) {
  Daemon daemon{path_};
  Writer writer{{journal_at(path_)}};
  write(writer, {{.text = "a\nPRIORITY=0",
                  .fields = {{"x=1\nPRIORITY", "b\nPRIORITY=0"}, {std::string_view{"ä-b"}, "c"}}}});
  const std::string said = daemon.take();
  EXPECT_EQ(said.find("\nPRIORITY=0"), std::string::npos);
  EXPECT_NE(said.find("\nMORTISE_X_1_PRIORITY=b\\nPRIORITY=0\n"), std::string::npos) << said;
  EXPECT_NE(said.find("\nMORTISE____B=c\n"), std::string::npos) << said;
}

TEST_F(ADaemon, of_the_journal_gets_a_long_line_in_a_file) {
  Daemon daemon{path_};
  Writer writer{{journal_at(path_)}};
  const std::string text(400'000, 'x');
  write(writer, {{.text = text}, {.text = "next"}});
  const std::string said = daemon.take();
  EXPECT_TRUE(said.starts_with("MESSAGE=clients " + text + "\nPRIORITY=6\n")) << said.size();
  EXPECT_TRUE(daemon.take().starts_with("MESSAGE=clients next\n"));
}

TEST_F(ADaemon, of_syslog_gets_the_begin_of_a_long_line) {
  Daemon daemon{path_};
  Writer writer{{syslog_at(path_)}};
  write(writer, {{.text = std::string(400'000, 'x')}});
  EXPECT_EQ(daemon.take().size(), 8192u);
}

TEST_F(ADaemon, that_is_restarted_is_found_again_without_a_loss) {
  auto daemon = std::make_unique<Daemon>(path_);
  Writer writer{{syslog_at(path_)}};
  write(writer, {{.text = "1"}});
  EXPECT_TRUE(daemon->take().ends_with(" 1"));
  daemon.reset();
  fs::remove(path_);
  Daemon other{path_};
  write(writer, {{.text = "2"}});
  EXPECT_TRUE(other.take().ends_with(" 2"));
}

TEST_F(ADaemon, that_is_not_there_is_told_by_the_others_and_told_itself_when_it_is) {
  Writer writer{{journal_at(path_), file(folder_ / "other")}};
  write(writer, {{.text = "1"}, {.text = "2"}});
  write(writer, {{.text = "3"}});
  EXPECT_EQ(texts_in(folder_ / "other"),
            "1|2|the log cannot be written; make room, or mend what the error says  sink=" + path_ +
                " error=\"No such file or directory\"|3");
  Daemon daemon{path_};
  write(writer, {{.text = "4"}});
  const std::string lost = daemon.take();
  EXPECT_NE(lost.find("MORTISE_EVENT=log.recovered\n"), std::string::npos) << lost;
  EXPECT_NE(lost.find("MORTISE_LINES=3\n"), std::string::npos) << lost;
  EXPECT_TRUE(daemon.take().starts_with("MESSAGE=clients 4\n"));
}

TEST_F(ADaemon, that_is_stuck_holds_up_a_batch_for_a_second_at_most) {
  Daemon daemon{path_};
  Writer writer{{syslog_at(path_), file(folder_ / "other")}};
  const auto begin = std::chrono::steady_clock::now();
  const Event one{.text = std::string(60'000, 'x')};  // nobody reads; the kernel holds a few
  write(writer,
        {one, one, one, one, one, one, one, one, one, one, one, one, one, one, one, one, one, one, one, one});
  const auto passed = std::chrono::steady_clock::now() - begin;
  EXPECT_GE(passed, std::chrono::milliseconds{900});
  EXPECT_LT(passed, std::chrono::seconds{15});  // 20 would be a second for each
  EXPECT_NE(texts_in(folder_ / "other").find("the log cannot be written"), std::string::npos);
}

}  // namespace
}  // namespace mortise::log
