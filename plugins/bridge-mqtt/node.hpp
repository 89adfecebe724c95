// The name of this broker in messages that go to others: made by chance once, kept in the state folder.
//
// Thread: control thread.   Fails: by std::runtime_error with the file's name and what to do.
#pragma once

#include <string>

namespace mortise::bridge {

std::string node_name(const std::string& state_dir);

}  // namespace mortise::bridge
