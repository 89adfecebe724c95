// Real sockets on loopback: what scrapers are answered, and what those who are none do not achieve.
#include "server.hpp"

#include <gtest/gtest.h>

#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <mutex>
#include <thread>

#include "plugin.hpp"
#include "testkit/driven.hpp"

namespace mortise::prometheus {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

class Scraper {
 public:
  explicit Scraper(std::uint16_t port) { socket_.connect({asio::ip::address_v4::loopback(), port}); }

  void say(std::string_view text) { asio::write(socket_, asio::buffer(text.data(), text.size())); }
  // Everything up to the end of the connection.
  std::string hear() {
    std::string all;
    boost::system::error_code code;
    asio::read(socket_, asio::dynamic_buffer(all), code);
    return all;
  }
  // Up to `end`, which there must be.
  std::string hear_until(std::string_view end) {
    boost::system::error_code code;
    while (heard_.find(end) == std::string::npos && !code) {
      std::array<char, 256> part{};
      heard_.append(part.data(), socket_.read_some(asio::buffer(part), code));
    }
    const std::size_t size = std::min(heard_.size(), heard_.find(end) + end.size());
    std::string found = heard_.substr(0, size);
    heard_.erase(0, size);
    return found;
  }

 private:
  asio::io_context io_;
  tcp::socket socket_{io_};
  std::string heard_;
};

struct Served {
  explicit Served(std::chrono::milliseconds timeout = std::chrono::minutes{1}, std::size_t connections = 16)
      : server{{{asio::ip::address_v4::loopback(), 0}, timeout, connections},
               {[this] { return render(); }, [](unsigned) {}, timeout},
               [this] { ++turned_away; }} {
    server.open();
  }
  std::string ask(std::string_view text) {
    Scraper scraper{server.port()};
    scraper.say(text);
    return scraper.hear();
  }
  std::function<std::string()> render = [] { return std::string{"mortise_x 1\n"}; };
  std::atomic<int> turned_away{0};
  Server server;
};

std::string status_line(const std::string& answer) { return answer.substr(0, answer.find('\r')); }

TEST(Server, answers_a_scrape) {
  Served served;
  const std::string answer = served.ask("GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(status_line(answer), "HTTP/1.1 200 OK");
  EXPECT_NE(answer.find("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"), std::string::npos)
      << answer;
  EXPECT_NE(answer.find("Content-Length: 12\r\n"), std::string::npos) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\nmortise_x 1\n")) << answer;
}

TEST(Server, answers_head_without_the_text) {
  Served served;
  const std::string answer = served.ask("HEAD /metrics HTTP/1.1\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(status_line(answer), "HTTP/1.1 200 OK");
  EXPECT_NE(answer.find("Content-Length: 12\r\n"), std::string::npos) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\n")) << answer;
}

TEST(Server, serves_several_requests_on_one_connection) {
  Served served;
  Scraper scraper{served.server.port()};
  for (int i = 0; i < 3; ++i) {
    scraper.say("GET /metrics HTTP/1.1\r\n\r\n");
    EXPECT_EQ(status_line(scraper.hear_until("mortise_x 1\n")), "HTTP/1.1 200 OK");
  }
  // Two at once are answered in turn.
  scraper.say("GET /metrics?a=b HTTP/1.1\r\n\r\nGET /other HTTP/1.1\r\n\r\n");
  EXPECT_EQ(status_line(scraper.hear_until("mortise_x 1\n")), "HTTP/1.1 200 OK");
  EXPECT_EQ(status_line(scraper.hear_until("/metrics\n")), "HTTP/1.1 404 Not Found");
}

struct Request {
  const char* name;
  std::string text;
  const char* status;
  const char* remedy = "ask with GET";
};
void PrintTo(const Request& row, std::ostream* out) { *out << row.name; }
class RequestTest : public testing::TestWithParam<Request> {};
TEST_P(RequestTest, is_told_what_is_wrong_and_does_no_harm) {
  Served served;
  const std::string told = served.ask(GetParam().text);
  EXPECT_EQ(status_line(told), GetParam().status);
  EXPECT_NE(told.find(GetParam().remedy, told.find("\r\n\r\n")), std::string::npos) << told;
  EXPECT_EQ(status_line(served.ask("GET /metrics HTTP/1.0\r\n\r\n")), "HTTP/1.1 200 OK");
}
INSTANTIATE_TEST_SUITE_P(
    Server, RequestTest,
    testing::ValuesIn(std::vector<Request>{
        {"another_path", "GET / HTTP/1.0\r\n\r\n", "HTTP/1.1 404 Not Found", "the metrics are at /metrics"},
        {"a_longer_path", "GET /metrics/x HTTP/1.0\r\n\r\n", "HTTP/1.1 404 Not Found",
         "the metrics are at /metrics"},
        {"another_method", "DELETE /metrics HTTP/1.0\r\n\r\n", "HTTP/1.1 405 Method Not Allowed"},
        {"a_post_without_a_body", "POST /metrics HTTP/1.0\r\n\r\n", "HTTP/1.1 405 Method Not Allowed"},
        {"a_body", "GET /metrics HTTP/1.0\r\nContent-Length: 4\r\n\r\nabcd", "HTTP/1.1 400 Bad Request"},
        {"garbage", std::string("\x16\x03\x01\x00\xff\x00\r\n\r\n", 10), "HTTP/1.1 400 Bad Request"},
        {"mqtt", std::string("\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c\x00\x00\r\n", 16),
         "HTTP/1.1 400 Bad Request"},
        {"a_version_nobody_has", "GET /metrics HTTP/9\r\n\r\n", "HTTP/1.1 400 Bad Request"},
        {"a_header_that_is_none", "GET /metrics HTTP/1.1\r\nno colon\r\n\r\n", "HTTP/1.1 400 Bad Request"},
        {"headers_without_end", "GET /metrics HTTP/1.1\r\nX: " + std::string(200'000, 'x'),
         "HTTP/1.1 431 Request Header Fields Too Large"},
        {"a_target_without_end", "GET /" + std::string(200'000, 'x'),
         "HTTP/1.1 431 Request Header Fields Too Large"},
    }),
    [](const auto& row) { return row.param.name; });

TEST(Server, tells_what_may_be_asked) {
  Served served;
  EXPECT_NE(served.ask("PUT /metrics HTTP/1.0\r\n\r\n").find("Allow: GET, HEAD\r\n"), std::string::npos);
}

TEST(Server, ends_who_begins_a_request_and_does_not_go_on) {
  Served served{std::chrono::milliseconds{100}};
  EXPECT_EQ(status_line(served.ask("GET /metr")), "HTTP/1.1 408 Request Timeout");
  EXPECT_EQ(status_line(served.ask("GET /metrics HTTP/1.1\r\nX: ")), "HTTP/1.1 408 Request Timeout");
  EXPECT_EQ(served.ask(""), "") << "who says nothing is told nothing";
}

TEST(Server, ends_who_does_not_take_the_answer) {
  Served served{std::chrono::milliseconds{100}, 1};
  std::atomic<bool> is_large{true};
  served.render = [&] {
    return is_large ? std::string(64UL * 1024 * 1024, 'x') : std::string{"mortise_x 1\n"};
  };
  Scraper slow{served.server.port()};
  slow.say("GET /metrics HTTP/1.0\r\n\r\n");
  slow.hear_until("\r\n\r\n");
  is_large = false;
  // The one place is free again when the slow one is gone; until then others are turned away.
  std::string answer;
  for (int i = 0; i < 2000 && !answer.starts_with("HTTP/1.1 200"); ++i) {
    answer = served.ask("GET /metrics HTTP/1.0\r\n\r\n");
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
  EXPECT_EQ(status_line(answer), "HTTP/1.1 200 OK");
}

TEST(Server, has_a_place_for_so_many_and_no_more) {
  Served served{std::chrono::minutes{1}, 2};
  Scraper first{served.server.port()}, second{served.server.port()};
  for (Scraper* const one : {&first, &second}) {
    one->say("GET /metrics HTTP/1.1\r\n\r\n");
    one->hear_until("mortise_x 1\n");
  }
  Scraper third{served.server.port()};
  EXPECT_EQ(third.hear(), "");
  EXPECT_EQ(served.turned_away, 1);
  first.say("GET /metrics HTTP/1.1\r\n\r\n");
  EXPECT_EQ(status_line(first.hear_until("mortise_x 1\n")), "HTTP/1.1 200 OK") << "those who are in stay in";
}

TEST(Server, says_that_the_metrics_cannot_be_read) {
  Served served;
  served.render = []() -> std::string { throw std::runtime_error{"closed"}; };
  const std::string answer = served.ask("GET /metrics HTTP/1.1\r\n\r\n");
  EXPECT_EQ(status_line(answer), "HTTP/1.1 500 Internal Server Error");
  EXPECT_TRUE(answer.ends_with("the metrics cannot be read: closed; the broker's log may say more\n"))
      << answer;
}

TEST(Server, stops_with_connections_open) {
  auto served = std::make_unique<Served>();
  Scraper idle{served->server.port()}, busy{served->server.port()};
  busy.say("GET /metr");
  idle.say("GET /metrics HTTP/1.1\r\n\r\n");
  idle.hear_until("mortise_x 1\n");
  served.reset();
  EXPECT_EQ(idle.hear(), "");
}

TEST(Server, an_address_that_is_taken_is_told) {
  Served served;
  Settings same{{asio::ip::address_v4::loopback(), served.server.port()}, std::chrono::seconds{1}, 1};
  Server second{same, {}, {}};
  try {
    second.open();
    FAIL() << "two listen on one port";
  } catch (const finding& told) {
    test::FakeHost host;
    told.add_to(*host.report());
    EXPECT_TRUE(host.findings.at(0).starts_with("/bind|cannot listen on 127.0.0.1:")) << host.findings.at(0);
  }
}

TEST(Plugin, shows_what_the_host_has_and_counts_its_answers) {
  test::Driven<Exporter> driven{{{"bind", "127.0.0.1:0"}}};
  driven.host.metrics.push_back({MORTISE_GAUGE, "sessions", "Sessions.", {}, {}, 12});
  ASSERT_EQ(driven.start(), MORTISE_ALLOW);
  const auto ask = [&](std::string_view path) {
    Scraper scraper{driven.plugin().port()};
    scraper.say("GET " + std::string{path} + " HTTP/1.0\r\n\r\n");
    return scraper.hear();
  };
  EXPECT_EQ(status_line(ask("/")), "HTTP/1.1 404 Not Found");
  const std::string answer = ask("/metrics");
  EXPECT_NE(answer.find("\nmortise_sessions 12\n"), std::string::npos) << answer;
  EXPECT_NE(answer.find("mortise_exporter_answers_total{plugin=\"sample\",status=\"404\"} 1\n"),
            std::string::npos)
      << answer;
  EXPECT_EQ(driven.host.lines,
            (std::vector<std::string>{"metrics.open port=" + std::to_string(driven.plugin().port())}));
}

TEST(Plugin, warns_when_everybody_can_read) {
  test::Driven<Exporter> driven{{{"bind", "0.0.0.0:0"}}};
  ASSERT_EQ(driven.start(), MORTISE_ALLOW);
  ASSERT_EQ(driven.host.lines.size(), 2U);
  EXPECT_EQ(driven.host.lines[1], "metrics.open_to_all address=0.0.0.0");
}

}  // namespace
}  // namespace mortise::prometheus
