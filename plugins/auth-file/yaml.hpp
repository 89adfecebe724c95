// Strict reading of the plugin's three files, with the place of every mistake.
//
// Thread: any.   Fails: by mistakes; YAML's own exceptions do not get out.
// Source: YAML 1.2, made strict: one document, no key twice, no key nobody knows.
#pragma once

#include <yaml-cpp/yaml.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mortise::auth_file {

// Something an operator must mend in a file.
struct Mistake {
  std::string file;
  std::uint32_t line = 0;    // from 1; 0: the file as a whole
  std::uint32_t column = 0;  // from 1
  std::string text;          // "users/2/password: this looks like a plain password"
  std::string remedy;        // may be empty
  bool is_warning = false;   // the file can be followed all the same
  std::string setting{};     // "/users": the setting that names the file, where that is what to look at

  // "users.yaml:3:9  users/2/password: …; hash it with: …"
  std::string to_text() const;
};
using Mistakes = std::vector<Mistake>;

// What a file holds: things that everybody may know, or keys, so that one which users of the machine who are
// neither owner nor group may read or write is refused.
enum class Holds : std::uint8_t { settings, keys };

// The content of a file, at most 64 MiB; empty with a mistake if it cannot be read or is refused. The text it
// returns is the only copy it leaves in memory.
std::optional<std::string> read_file(const std::string& path, const std::string& shown, Mistakes& mistakes,
                                     Holds holds = Holds::settings);

// Reads one file. `file` is its name as the operator knows it; paths such as "users/2" say where within it.
class YamlReader {
 public:
  YamlReader(std::string file, Mistakes& mistakes) : file_{std::move(file)}, mistakes_{mistakes} {}

  // The root of `text`, which must be UTF-8. Empty: it could not be read.
  std::optional<YAML::Node> parse(const std::string& text);

  // The entries of a map by key; nothing is an empty map.
  std::map<std::string, YAML::Node> map(const YAML::Node& node, const std::string& path,
                                        const std::vector<std::string>& known);
  // A key of the whole file that must be there, if only as an empty list: an editor empties a file before it
  // fills it again, and what is read in between must not throw everybody out.
  std::optional<YAML::Node> required(const std::map<std::string, YAML::Node>& keys, const std::string& key,
                                     const std::string& consequence);
  // The entries of a list; nothing is an empty list.
  std::vector<YAML::Node> list(const YAML::Node& node, const std::string& path);
  // A text that is not empty and holds no control characters.
  std::optional<std::string> text(const YAML::Node& node, const std::string& path);

  void complain(const YAML::Node& at, const std::string& path, const std::string& text,
                const std::string& remedy = {});
  void warn(const YAML::Node& at, const std::string& path, const std::string& text,
            const std::string& remedy);

  const std::string& file() const { return file_; }

 private:
  void complain(const YAML::Mark& at, const std::string& path, const std::string& text,
                const std::string& remedy);

  std::string file_;
  Mistakes& mistakes_;
};

// The line a node begins in, from 1.
std::uint32_t line_of(const YAML::Node& node);

}  // namespace mortise::auth_file
