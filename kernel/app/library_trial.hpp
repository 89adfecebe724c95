// Opening a plugin's library in a process of its own: what it runs then may end that process and not this
// one.
//
// Thread: main, which waits for it.   Fails: by text.
#pragma once

#include <filesystem>
#include <string>

namespace mortise::app {

// What ended the trial, such as "opening it ends a process by signal 11 (Segmentation fault)"; empty: it
// ended as it should, or the library was refused, which will be told when it is opened here.
std::string try_library(const std::filesystem::path& file);

}  // namespace mortise::app
