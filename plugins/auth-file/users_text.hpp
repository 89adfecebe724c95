// Changes to users.yaml as a text, so that comments, order and spacing stay as their author wrote them.
//
// Thread: any.
// Fails: by EditFault, with the text untouched. Every change is read back and compared with what it should
// be;
//        a layout this file does not know is refused rather than damaged.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "yaml.hpp"

namespace mortise::auth_file {

// The text cannot be changed; says why, one sentence.
class EditFault : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The name is no user's.
class NoSuchUser : public EditFault {
 public:
  using EditFault::EditFault;
};

struct Edited {
  std::string text;
  bool added = false;  // a new user, not a new password
};

// The text with this user's hash, and with the user in these groups besides those it is in.
Edited with_password(const std::string& text, const std::string& user, const std::string& hash,
                     const std::vector<std::string>& groups);

// The text without this user.
std::string without_user(const std::string& text, const std::string& user);

}  // namespace mortise::auth_file
