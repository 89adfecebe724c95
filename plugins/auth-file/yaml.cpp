#include "yaml.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "nearest.hpp"
#include "utf8.hpp"

namespace mortise::auth_file {

namespace {

constexpr std::size_t file_size_max = 64 * 1024 * 1024;

std::uint32_t from_1(int counted_from_0) { return static_cast<std::uint32_t>(counted_from_0 + 1); }

std::string below(const std::string& path, const std::string& key) {
  return path.empty() ? key : path + "/" + key;
}

// Of text that is UTF-8 up to there.
YAML::Mark mark_of(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const std::size_t line_begin = before.rfind('\n') + 1;  // npos + 1 is the first
  YAML::Mark out;
  out.pos = static_cast<int>(offset);
  out.line = static_cast<int>(std::ranges::count(before, '\n'));
  out.column = static_cast<int>(characters_in(before.substr(line_begin)));
  return out;
}

}  // namespace

std::uint32_t line_of(const YAML::Node& node) { return from_1(node.Mark().line); }

std::string Mistake::to_text() const {
  std::string out = file;
  if (line > 0) out += ":" + std::to_string(line) + ":" + std::to_string(column);
  out += "  " + text;
  if (!remedy.empty()) out += "; " + remedy;
  return out;
}

std::optional<std::string> read_file(const std::string& path, const std::string& shown, Mistakes& mistakes) {
  const auto fail = [&](const std::string& why) {
    mistakes.push_back({shown, 0, 0, "cannot be read: " + why, {}});
    return std::nullopt;
  };
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return fail(std::generic_category().message(errno));
  std::string out;
  for (;;) {
    const std::size_t filled = out.size();
    out.resize(filled + 64 * 1024);
    const ssize_t count = ::read(file, out.data() + filled, 64 * 1024);
    const int error = errno;
    out.resize(filled + static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    if (count < 0 && error == EINTR) continue;
    if (count <= 0 || out.size() > file_size_max) {
      ::close(file);
      if (count < 0) return fail(std::generic_category().message(error));
      if (out.size() > file_size_max) return fail("it is larger than 64 MiB");
      return out;
    }
  }
}

void YamlReader::complain(const YAML::Mark& at, const std::string& path, const std::string& text,
                          const std::string& remedy) {
  const std::string where = path.empty() ? text : path + ": " + text;
  if (at.is_null())
    mistakes_.push_back({file_, 0, 0, where, remedy});
  else
    mistakes_.push_back({file_, from_1(at.line), from_1(at.column), where, remedy});
}

void YamlReader::complain(const YAML::Node& at, const std::string& path, const std::string& text,
                          const std::string& remedy) {
  complain(at.Mark(), path, text, remedy);
}

std::optional<YAML::Node> YamlReader::parse(const std::string& text) {
  if (const std::size_t fault = utf8_fault(text); fault != text.npos) {
    complain(mark_of(text, fault), {}, "this is not UTF-8", "save the file as UTF-8");
    return std::nullopt;
  }
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(text);
    if (documents.empty()) return YAML::Node{};
    if (documents.size() == 1) return documents.front();
    complain(documents[1], {}, "a second document", "keep everything in one, without a line of ---");
  } catch (const YAML::Exception& fault) {
    complain(fault.mark, {}, "this is not YAML: " + fault.msg, {});
  }
  return std::nullopt;
}

std::map<std::string, YAML::Node> YamlReader::map(const YAML::Node& node, const std::string& path,
                                                  const std::vector<std::string>& known) {
  std::map<std::string, YAML::Node> out;
  if (!node.IsDefined() || node.IsNull()) return out;
  if (!node.IsMap()) {
    complain(node, path, "must hold keys with values");
    return out;
  }
  for (const auto& entry : node) {
    const std::string key = entry.first.IsScalar() ? entry.first.Scalar() : "?";
    if (std::ranges::find(known, key) == known.end())
      complain(entry.first, path, "unknown key \"" + key + "\"", suggestion(key, known));
    else if (!out.emplace(key, entry.second).second)
      complain(entry.first, below(path, key), "is there twice", "remove one");
  }
  return out;
}

std::optional<YAML::Node> YamlReader::required(const std::map<std::string, YAML::Node>& keys,
                                               const std::string& key, const std::string& consequence) {
  if (const auto found = keys.find(key); found != keys.end()) return found->second;
  // Another mistake, such as a misspelt key, keeps the file out already and may well be the cause.
  if (std::ranges::find(mistakes_, file_, &Mistake::file) != mistakes_.end()) return std::nullopt;
  mistakes_.push_back({file_, 1, 1, "the key " + key + " is not there, and " + consequence,
                       "is the file whole? if that is meant, write " + key + ": []"});
  return std::nullopt;
}

std::vector<YAML::Node> YamlReader::list(const YAML::Node& node, const std::string& path) {
  std::vector<YAML::Node> out;
  if (!node.IsDefined() || node.IsNull()) return out;
  if (node.IsSequence())
    for (const auto& entry : node) out.push_back(entry);
  else
    complain(node, path, "must be a list", "write [one, two], or a line with a dash for each");
  return out;
}

std::optional<std::string> YamlReader::text(const YAML::Node& node, const std::string& path) {
  if (!node.IsScalar() || node.Scalar().empty()) {
    complain(node, path, "must be a text");
    return std::nullopt;
  }
  if (std::ranges::any_of(node.Scalar(),
                          [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; })) {
    complain(node, path, "holds a control character");
    return std::nullopt;
  }
  return node.Scalar();
}

}  // namespace mortise::auth_file
