// The section of mortise.yaml: what it means, and what is said of mistakes.
#include "settings.hpp"

#include <gtest/gtest.h>

#include "testkit/fake_host.hpp"

namespace mortise::prometheus {
namespace {

using test::Json;

Settings read(const Json& json) {
  test::FakeHost host;
  const detail::services services{host.raw()};
  return read_settings(config{services, test::node(json)});
}

TEST(Settings, have_the_defaults_the_schema_says) {
  const Settings settings = read(Json::object());
  const Json properties = Json::parse(schema)["properties"];
  EXPECT_EQ(settings.bind, endpoint_of(properties["bind"]["default"].get<std::string>()));
  EXPECT_EQ(settings.bind.address().to_string(), "127.0.0.1");
  EXPECT_EQ(settings.bind.port(), 9464);
  EXPECT_EQ(properties["timeout"]["default"], "10s");
  EXPECT_EQ(settings.timeout, std::chrono::seconds{10});
  EXPECT_EQ(settings.connections, properties["connections"]["default"].get<std::size_t>());
}

TEST(Settings, arrive) {
  const Settings settings = read({{"bind", "[::1]:9000"}, {"timeout", "250ms"}, {"connections", 3}});
  EXPECT_EQ(settings.bind, (boost::asio::ip::tcp::endpoint{boost::asio::ip::make_address("::1"), 9000}));
  EXPECT_EQ(settings.timeout, std::chrono::milliseconds{250});
  EXPECT_EQ(settings.connections, 3U);
}

struct Mistake {
  const char* name;
  Json section;
  const char* pointer;
  const char* text;
};
void PrintTo(const Mistake& row, std::ostream* out) { *out << row.name; }
class MistakeTest : public testing::TestWithParam<Mistake> {};
TEST_P(MistakeTest, is_told) {
  try {
    read(GetParam().section);
    FAIL() << "it was taken";
  } catch (const finding& told) {
    test::FakeHost host;
    told.add_to(*host.report());
    const std::string all = host.findings.at(0);
    EXPECT_TRUE(all.starts_with(std::string{GetParam().pointer} + '|')) << all;
    EXPECT_NE(all.find(GetParam().text), std::string::npos) << all;
  }
}
INSTANTIATE_TEST_SUITE_P(Settings, MistakeTest,
                         testing::ValuesIn(std::vector<Mistake>{
                             {"no_port", {{"bind", "127.0.0.1"}}, "/bind", "has no port"},
                             {"a_name", {{"bind", "localhost:9464"}}, "/bind", "has no address"},
                             {"no_address", {{"bind", ":9464"}}, "/bind", "has no address"},
                             {"a_port_beyond", {{"bind", "127.0.0.1:65536"}}, "/bind", "has no port from"},
                             {"a_port_with_more", {{"bind", "127.0.0.1:9464x"}}, "/bind", "has no port from"},
                             {"no_brackets", {{"bind", "::1:9464"}}, "/bind", "brackets"},
                             {"brackets_too_many", {{"bind", "[127.0.0.1]:9464"}}, "/bind", "brackets"},
                             {"too_short", {{"timeout", "99ms"}}, "/timeout", "between 100ms and 5m"},
                             {"too_long", {{"timeout", "6m"}}, "/timeout", "between 100ms and 5m"},
                         }),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace mortise::prometheus
