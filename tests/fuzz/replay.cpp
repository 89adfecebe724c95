// Where there is no libFuzzer: a main that gives a target the files it is named, folders as a whole.
//
//   fuzz-frame FILE|FOLDER…
//
// Fails: where the target does; with 2 for what cannot be read, and when there was no input at all.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

#include "target.hpp"

namespace {

namespace fs = std::filesystem;

std::vector<fs::path> files_in(const fs::path& place) {
  if (!fs::is_directory(place)) return {place};
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator{place})
    if (entry.is_regular_file()) files.push_back(entry.path());
  std::ranges::sort(files);
  return files;
}

bool replay(const fs::path& file) {
  std::ifstream in{file, std::ios::binary};
  if (!in) return false;
  std::cout << file.string() << std::endl;  // before it: the last one named is the one that fails
  const std::string content{std::istreambuf_iterator<char>{in}, {}};
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(content.data()), content.size());
  return true;
}

}  // namespace

int main(int count, char** arguments) {
  std::size_t played = 0;
  for (int i = 1; i < count; ++i) {
    const fs::path place = arguments[i];
    if (!fs::exists(place)) continue;  // a target may have no corpus but its seeds
    for (const fs::path& file : files_in(place)) {
      if (!replay(file)) {
        std::cerr << "fuzz: " << file.string() << " cannot be read\n";
        return 2;
      }
      ++played;
    }
  }
  if (played == 0) {
    std::cerr << "fuzz: none of the places named holds an input\n";
    return 2;
  }
  std::cout << played << " inputs\n";
  return 0;
}
