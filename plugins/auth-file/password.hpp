// Hashes of passwords: argon2id in its encoded form, "$argon2id$v=19$m=19456,t=2,p=1$salt$hash".
//
// Thread: any; a check takes tens of milliseconds on purpose, so never on a loop.
// Source: RFC 9106; memory and passes as OWASP advises for servers (19 MiB, 2), so that twenty logins at once
//         fit a small machine.
#pragma once

#include <string>
#include <string_view>

namespace mortise::auth_file {

// A fresh hash with a random salt. Throws std::system_error or std::runtime_error.
std::string hash_password(std::string_view password);

// Whether `password` is the one `encoded` was made of; the comparison takes the same time wherever they
// differ.
bool is_password(std::string_view password, const std::string& encoded);

// What is wrong with an encoded hash, or empty. Costs that would stop the machine are wrong, too.
std::string fault_of(const std::string& encoded);

// A well-formed hash of no password, with the usual costs.
const std::string& hash_of_nobody();

// Overwrites the bytes, in a way the compiler cannot leave out.
void wipe(std::string& secret);

}  // namespace mortise::auth_file
