#include "yaml.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "nearest.hpp"
#include "password.hpp"
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

struct Descriptor {
  const int number;
  explicit Descriptor(int of) : number{of} {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number >= 0) ::close(number);
  }
};

// A text that is read bit by bit; where it does not stay it is overwritten, since it may be one of keys.
class Growing {
 public:
  explicit Growing(std::size_t room) : text_(room, '\0') {}
  Growing(const Growing&) = delete;
  Growing& operator=(const Growing&) = delete;
  ~Growing() { wipe(text_); }

  char* end() { return text_.data() + size_; }
  std::size_t room() const { return text_.size() - size_; }
  std::size_t size() const { return size_; }
  void add(std::size_t count) {
    size_ += count;
    if (room() > 0) return;
    std::string larger(std::max<std::size_t>(2 * size_, 64 * 1024), '\0');
    std::ranges::copy(text_, larger.begin());
    text_.swap(larger);
    wipe(larger);
  }
  std::string take() {
    text_.resize(size_);
    return std::exchange(text_, {});
  }

 private:
  std::string text_;
  std::size_t size_ = 0;
};

}  // namespace

std::uint32_t line_of(const YAML::Node& node) { return from_1(node.Mark().line); }

std::string Mistake::to_text() const {
  std::string out = file;
  if (line > 0) out += ":" + std::to_string(line) + ":" + std::to_string(column);
  out += "  " + text;
  if (!remedy.empty()) out += "; " + remedy;
  return out;
}

std::optional<std::string> read_file(const std::string& path, const std::string& shown, Mistakes& mistakes,
                                     Holds holds) {
  const auto fail = [&](const std::string& why, const char* remedy = "") {
    mistakes.push_back({shown, 0, 0, "cannot be read: " + why, remedy});
    return std::nullopt;
  };
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  struct stat status {};
  if (file.number < 0 || ::fstat(file.number, &status) != 0) {
    const int why = errno;
    return fail(std::generic_category().message(why), why == ENOENT
                                                          ? "make it, or name the file that is meant"
                                                      : why == EACCES ? "let the broker's user read it"
                                                                      : "");
  }
  if (const mode_t open_to_all = status.st_mode & (S_IROTH | S_IWOTH); holds == Holds::keys && open_to_all) {
    mistakes.push_back({shown, 0, 0,
                        std::string{"can be "} + (open_to_all & S_IROTH ? "read" : "written") +
                            " by every user of this machine, and it holds keys",
                        "chmod 640 it, or 600"});
    return std::nullopt;
  }
  // One byte more than there should be: the end is seen without growing.
  Growing text{static_cast<std::size_t>(std::clamp<off_t>(status.st_size, 0, file_size_max)) + 1};
  for (;;) {
    const ssize_t count = ::read(file.number, text.end(), text.room());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail(std::generic_category().message(errno));
    if (count == 0) return text.take();
    text.add(static_cast<std::size_t>(count));
    if (text.size() > file_size_max) return fail("it is larger than 64 MiB");
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

void YamlReader::warn(const YAML::Node& at, const std::string& path, const std::string& text,
                      const std::string& remedy) {
  complain(at, path, text, remedy);
  mistakes_.back().is_warning = true;
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
