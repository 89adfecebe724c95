#include "library.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "words.hpp"

namespace mortise::conformance {

std::vector<Transcript> read_library(const std::string& folder) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::recursive_directory_iterator{folder})
    if (entry.path().extension() == ".transcript") paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  std::vector<Transcript> library;
  for (const auto& path : paths)
    for (Transcript& transcript : read_transcript_file(path.string())) {
      transcript.file = path.lexically_relative(folder).string();
      library.push_back(std::move(transcript));
    }
  return library;
}

std::set<Statement> read_statements(const std::string& path) {
  std::ifstream file{path};
  if (!file) throw Unreadable{path + "  cannot be opened"};
  std::set<Statement> statements;
  std::string version, id, rest;
  std::getline(file, rest);  // the columns' names
  while (file >> version >> id && std::getline(file, rest))
    statements.insert({version == "5.0" ? mqtt::Version::v5_0 : mqtt::Version::v3_1_1, id});
  return statements;
}

}  // namespace mortise::conformance
