// Getting a password from whoever calls: twice and unseen at a terminal, one line of standard input
// otherwise.
//
// Thread: one.   Fails: by RefusedPassword.
#pragma once

#include <stdexcept>
#include <string>

namespace mortise::auth_file {

class RefusedPassword : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Not empty and at most 65535 bytes, which is what CONNECT can carry. `user` is named in the question.
std::string read_password(const std::string& user);

}  // namespace mortise::auth_file
