// What a mount point becomes for a client, and which names and patterns make none.
#include "broker/mount_point.hpp"

#include <gtest/gtest.h>

namespace mortise::broker {
namespace {

std::string place(std::string_view pattern, std::string_view username, std::string_view client_id) {
  auto prefix = mount_point_for(pattern, username, client_id);
  return prefix ? *prefix : prefix.error().why;
}

TEST(MountPoint, the_names_stand_where_the_pattern_says) {
  EXPECT_EQ(place("site/", "", "pump"), "site/");
  EXPECT_EQ(place("site/%u/%c/", "ann", "pump"), "site/ann/pump/");
  EXPECT_EQ(place("%c/x-%u/", "a%c", "x"), "x/x-a%c/") << "a name is not a pattern";
}

TEST(MountPoint, a_name_reaches_into_nobodys_place) {
  using mqtt::ReasonCode;
  for (const std::string_view name : {"a/b", "/", "+", "a+", "#", "a#b"}) {
    EXPECT_EQ(mount_point_for("%u/", name, "x").error().reason, ReasonCode::not_authorized) << name;
    EXPECT_EQ(mount_point_for("%c/", "x", name).error().reason, ReasonCode::client_identifier_not_valid)
        << name;
  }
  EXPECT_FALSE(mount_point_for("%u/", std::string_view{"a\0b", 3}, "x"));
  EXPECT_FALSE(mount_point_for("%u/", "", "x")) << "no user name";
  EXPECT_FALSE(mount_point_for("%u/", "$share", "x")) << "each topic would become a share";
  EXPECT_TRUE(mount_point_for("of/%u/", "$share", "x"));
  EXPECT_EQ(place("%u/", std::string(1'023, 'a'), "x").size(), 1'024U);
  EXPECT_EQ(place("%u/", std::string(1'024, 'a'), "x"), "the mount point would be over 1,024 bytes");
}

TEST(MountPoint, a_pattern_names_one_place_and_ends_at_a_level) {
  for (const std::string_view good : {"a/", "site/%u/", "%c/%u/", "/a/", "a$/"})
    EXPECT_EQ(mount_point_fault(good).what, nullptr) << good;
  const auto fault = [](std::string_view pattern) { return std::string{mount_point_fault(pattern).what}; };
  EXPECT_EQ(fault("site"), "does not end with a slash");
  EXPECT_EQ(fault("site/%u"), "does not end with a slash");
  EXPECT_EQ(fault("$share/a/"), "begins with '$'");
  EXPECT_EQ(fault("a/+/"), "holds '+', '#' or U+0000");
  EXPECT_EQ(fault("a/%d/"), "has a '%' that is neither %u nor %c");
  EXPECT_EQ(fault("site/%u-%c/"),
            "has two names in one level, so that those of different clients can look the same");
  EXPECT_EQ(fault("%u%u/"),
            "has two names in one level, so that those of different clients can look the same");
  EXPECT_EQ(fault("100%/"), "has a '%' that is neither %u nor %c");
}

TEST(MountPoint, a_filter_is_mounted_behind_the_name_of_its_share) {
  EXPECT_EQ(mounted_filter("a/", "#"), "a/#");
  EXPECT_EQ(mounted_filter("a/", "$share/group/+/b"), "$share/group/a/+/b");
  EXPECT_EQ(mounted_filter("a/", "$SYS/#"), "a/$SYS/#");
}

TEST(MountPoint, a_filter_that_is_none_does_not_become_one) {
  for (const std::string_view bad : {"", "a#", "$share/group", "$share/group/", "$share//a", "$share/g/a#"})
    EXPECT_EQ(mounted_filter("a/", bad), bad);
}

}  // namespace
}  // namespace mortise::broker
