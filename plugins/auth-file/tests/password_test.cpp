// Hashes: each its own salt, and nothing but the password fits.
#include "password.hpp"

#include <gtest/gtest.h>

namespace mortise::auth_file {
namespace {

TEST(Password, fits_its_own_hash_only) {
  const std::string hash = hash_password("correct horse");
  EXPECT_EQ(fault_of(hash), "");
  EXPECT_TRUE(is_password("correct horse", hash));
  EXPECT_FALSE(is_password("correct horsf", hash));
  EXPECT_FALSE(is_password("correct hors", hash));
  EXPECT_FALSE(is_password("", hash));
}

TEST(Password, has_another_salt_each_time) { EXPECT_NE(hash_password("a"), hash_password("a")); }

TEST(Password, may_hold_any_bytes) {
  const std::string bytes{"a\0\xFF b", 5};
  const std::string hash = hash_password(bytes);
  EXPECT_TRUE(is_password(bytes, hash));
  EXPECT_FALSE(is_password("a", hash)) << "a zero byte ends nothing";
}

TEST(Password, fits_no_hash_of_nobody) {
  EXPECT_EQ(fault_of(hash_of_nobody()), "");
  EXPECT_FALSE(is_password("", hash_of_nobody()));
  EXPECT_FALSE(is_password("nobody", hash_of_nobody()));
}

TEST(Password, fits_a_hash_of_the_reference_program) {
  // Source: the test vectors of the reference implementation of argon2.
  const std::string hash =
      "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
  EXPECT_EQ(fault_of(hash), "");
  EXPECT_TRUE(is_password("password", hash));
  EXPECT_FALSE(is_password("passwore", hash));
}

TEST(Password, is_wiped) {
  std::string secret{"secret"};
  wipe(secret);
  EXPECT_EQ(secret, std::string(6, '\0'));
}

}  // namespace
}  // namespace mortise::auth_file
