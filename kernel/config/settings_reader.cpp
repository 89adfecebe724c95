#include "config/settings_reader.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <concepts>
#include <fstream>
#include <optional>
#include <type_traits>

#include "config/located_yaml.hpp"
#include "config/nearest.hpp"
#include "config/settings_check.hpp"
#include "config/value_reader.hpp"

namespace mortise::config {

namespace {

constexpr std::size_t file_limit = 4 * 1024 * 1024;

std::string joined(const std::string& way, std::string_view step) {
  return way.empty() ? std::string{step} : way + '/' + std::string{step};
}

// The word that stands for an empty optional, "" for rules without one.
template <class Rule>
std::string_view empty_word(const Rule& rule) {
  if constexpr (requires { rule.word; })
    return rule.word;
  else
    return {};
}

// Visits the rows of one struct with the keys of one map in hand.
class RowReader {
 public:
  RowReader(ValueReader& values, const Tree& map, std::string way)
      : values_{values}, map_{map}, way_{std::move(way)} {}

  template <class Field, class Rule>
  void operator()(std::string_view key, Field& field, const Rule& rule, std::string_view /*sentence*/) {
    known_.push_back(key);
    if (const Tree::Entry* entry = map_.entry(key)) read(entry->value, joined(way_, key), field, rule);
  }

  template <class Field, class Rule>
  void required(std::string_view key, std::string_view example, Field& field, const Rule& rule,
                std::string_view sentence) {
    if (map_.entry(key) == nullptr)
      values_.error(map_.where(), joined(way_, key), "missing key \"" + std::string{key} + '"',
                    "add it, such as " + std::string{key} + ": " + std::string{example});
    (*this)(key, field, rule, sentence);
  }

  void refuse_unknown_keys() {
    for (const Tree::Entry& entry : map_.entries()) {
      if (std::ranges::find(known_, entry.key) != known_.end()) continue;
      if (entry.key == "<<") continue;  // refused by read_yaml already
      const auto near = nearest_name(entry.key, known_);
      values_.error(entry.key_where, joined(way_, entry.key), "unknown key \"" + entry.key + '"',
                    near ? "did you mean " + in_quotes(*near) + "?" : "known here: " + listed(known_));
    }
  }

 private:
  // Each answers whether the value could be read.
  template <class Field>
  bool assign(Field& field, auto&& value) {
    if (value) field = static_cast<Field>(*std::move(value));
    return value.has_value();
  }
  template <std::integral Integer>
  bool read(const Tree& value, const std::string& key, Integer& field, const Count& rule) {
    return assign(field, values_.count(value, key, rule));
  }
  template <std::integral Integer>
  bool read(const Tree& value, const std::string& key, Integer& field, const Size& rule) {
    return assign(field, values_.size(value, key, rule));
  }
  bool read(const Tree& value, const std::string& key, base::Duration& field, const Period& rule) {
    return assign(field, values_.period(value, key, rule));
  }
  bool read(const Tree& value, const std::string& key, bool& field, const Flag&) {
    return assign(field, values_.flag(value, key));
  }
  template <class Enum>
  requires std::is_enum_v<Enum>
  bool read(const Tree& value, const std::string& key, Enum& field, const Choice&) {
    static constexpr auto names = names_of(Enum{});
    return assign(field, values_.choice(value, key, names));
  }
  bool read(const Tree& value, const std::string& key, std::string& field, const Name&) {
    return assign(field, values_.name(value, key));
  }
  bool read(const Tree& value, const std::string& key, std::string& field, const Text&) {
    return assign(field, values_.text(value, key));
  }
  bool read(const Tree& value, const std::string& key, std::filesystem::path& field, const Path&) {
    return assign(field, values_.path(value, key));
  }
  bool read(const Tree& value, const std::string& key, std::string& field, const Library&) {
    return assign(field, values_.library(value, key));
  }
  bool read(const Tree& value, const std::string& key, Bind& field, const Address&) {
    return assign(field, values_.address(value, key));
  }
  bool read(const Tree& value, const std::string&, Tree& field, const Subtree&) {
    // `config:` with everything below it commented out means the same as no `config:`.
    field = value.kind() == Tree::Kind::null ? Tree::map(value.where()) : value;
    return true;
  }

  template <class T, class Rule>
  bool read(const Tree& value, const std::string& key, std::optional<T>& field, const Rule& rule) {
    const std::string_view word = empty_word(rule);
    if (!word.empty() && value.kind() == Tree::Kind::string && value.text() == word) {
      field.reset();
      return true;
    }
    T inner{};
    if (!read(value, key, inner, rule)) return false;
    field = std::move(inner);
    return true;
  }

  template <class T, class Rule>
  bool read(const Tree& value, const std::string& key, Located<T>& field, const Rule& rule) {
    field.where = value.where();
    return read(value, key, field.value, rule);
  }

  template <class Struct>
  requires requires(RowReader& rows, Struct& section) { describe(rows, section); }
  bool read(const Tree& value, const std::string& key, Struct& field, const Section&) {
    if (value.kind() != Tree::Kind::map) {
      values_.wrong_kind(value, key, "a map", "write keys with values below it, or leave it out");
      return false;
    }
    RowReader rows{values_, value, key};
    describe(rows, field);
    rows.refuse_unknown_keys();
    return true;
  }

  template <class T, class Each>
  bool read(const Tree& value, const std::string& key, std::vector<T>& field, const List<Each>& rule) {
    if (value.kind() != Tree::Kind::list) {
      values_.wrong_kind(value, key, "a list", "write its elements in [ ], or below it with a dash each");
      return false;
    }
    field.clear();
    if (value.items().empty() && rule.empty == Empty::refused) {
      values_.error(value.where(), key, "this list is empty", "write at least one element");
      return false;
    }
    bool all = true;
    for (std::size_t i = 0; i < value.items().size(); ++i) {
      const Tree& item = value.items()[i];
      const std::string item_key = key + '/' + std::to_string(i);
      T element{};
      all = read(item, item_key, element, rule.each) && !repeats(value, i, item_key) && all;
      // Also what could not be read takes its place, so that indices are those of the file.
      field.push_back(std::move(element));
    }
    return all;
  }

  bool repeats(const Tree& list, std::size_t index, const std::string& key) {
    const Tree& item = list.items()[index];
    if (!item.is_scalar()) return false;
    const auto before = list.items().first(index);
    const auto first = std::ranges::find(before, item.text(), &Tree::text);
    if (first == before.end()) return false;
    values_.error(item.where(), key, in_quotes(item.text()) + " is listed twice", "remove one");
    return true;
  }

  ValueReader& values_;
  const Tree& map_;
  std::string way_;
  std::vector<std::string_view> known_;
};

// More than the limit if there is more. Piece by piece: to clear the whole limit for a file of a few lines
// took a third of the time of a start.
std::string up_to_limit(std::istream& in) {
  std::string text;
  std::array<char, 16 * 1024> piece;
  do {
    in.read(piece.data(), piece.size());
    text.append(piece.data(), static_cast<std::size_t>(in.gcount()));
  } while (in && text.size() <= file_limit);
  return text;
}

// The place in the list of plugins that a finding is about, if it is about one of them.
std::optional<std::size_t> plugin_of(const Finding& finding) {
  constexpr std::string_view list = "plugins/";
  if (!finding.key.starts_with(list)) return std::nullopt;
  std::size_t index = 0;
  const char* const end = finding.key.data() + finding.key.size();
  const auto [rest, fault] = std::from_chars(finding.key.data() + list.size(), end, index);
  return fault == std::errc{} ? std::optional{index} : std::nullopt;
}

// A fault of the whole file, or of what says which plugins there are and where.
bool hides_plugins(const Finding& finding) {
  if (finding.severity != Severity::error || plugin_of(finding)) return false;
  return finding.key.empty() || finding.key.starts_with("plugins") ||
         finding.key.starts_with("kernel/plugin_path") || finding.key.starts_with("kernel/grants");
}

// One entry with a mistake does not keep the others from being asked.
void mark_unsound(std::vector<Plugin>& plugins, const std::vector<Finding>& findings) {
  for (const Finding& finding : findings) {
    const auto index = plugin_of(finding);
    if (finding.severity == Severity::error && index && *index < plugins.size())
      plugins[*index].sound = false;
  }
}

// A value that kept its ${NAME} is no number and no address either, but saying so helps nobody. `first`: the
// findings before it say why it was kept.
void forget_consequences(std::vector<Finding>& findings, std::size_t first,
                         const std::vector<Location>& unexpanded) {
  findings.erase(std::remove_if(findings.begin() + static_cast<std::ptrdiff_t>(first), findings.end(),
                                [&](const Finding& finding) {
                                  return std::ranges::find(unexpanded, finding.where) != unexpanded.end();
                                }),
                 findings.end());
}

// What is to be said when a file cannot even be looked at; empty when it can.
std::optional<Refusal> refuse_path(const std::filesystem::path& path) {
  std::error_code fault;
  const auto status = std::filesystem::status(path, fault);
  if (std::filesystem::is_directory(status)) return Refusal{"this is a folder", "name the file in it"};
  if (std::filesystem::exists(status)) return std::nullopt;
  if (status.type() == std::filesystem::file_type::none)
    return Refusal{"this file cannot be reached: " + fault.message(),
                   "check that the broker may enter the folders it stands in"};
  std::error_code ignored;
  if (std::filesystem::is_symlink(std::filesystem::symlink_status(path, ignored)))
    return Refusal{"this is a link to " + in_quotes(std::filesystem::read_symlink(path, ignored).string()) +
                       ", which is not there",
                   "mend the link, or name another file with --config"};
  return Refusal{"there is no such file", "write it, or name another one with --config"};
}

}  // namespace

SettingsReading read_settings_text(std::string_view text, const std::filesystem::path& path,
                                   const Environment& environment) {
  SettingsReading reading;
  std::error_code fault;  // of a working directory that is gone: paths then stay relative
  const auto absolute = std::filesystem::absolute(path, fault);
  reading.settings.file = (fault ? path : absolute).lexically_normal();
  reading.settings.folder = reading.settings.file.parent_path();

  YamlReading yaml = read_yaml(text, path.string(), environment, reading.settings.folder);
  ValueReader values{reading.settings.folder};
  values.findings() = std::move(yaml.findings);
  const std::size_t of_yaml = values.findings().size();
  if (yaml.tree) {
    const Location top = yaml.tree->where();
    reading.file = yaml.tree->kind() == Tree::Kind::null ? Tree::map(top) : *std::move(yaml.tree);
    const Tree& root = reading.file;
    if (root.kind() != Tree::Kind::map) {
      values.wrong_kind(root, "", "a map", "begin with a key such as listeners:");
    } else {
      RowReader rows{values, root, ""};
      describe(rows, reading.settings);
      rows.refuse_unknown_keys();
      check_settings(reading.settings, values);
    }
  }
  reading.findings = std::move(values.findings());
  forget_consequences(reading.findings, of_yaml, yaml.unexpanded);
  mark_unsound(reading.settings.plugins, reading.findings);
  reading.plugins_known = std::ranges::none_of(reading.findings, hides_plugins);
  sort_by_place(reading.findings);
  return reading;
}

SettingsReading read_settings(const std::filesystem::path& path, const Environment& environment) {
  const auto refused = [&](std::string text, std::string remedy) {
    ValueReader values{path.parent_path()};
    values.error(Location{path.string()}, "", std::move(text), std::move(remedy));
    return SettingsReading{{}, std::move(values.findings()), {}, false};
  };
  if (auto refusal = refuse_path(path)) return refused(std::move(refusal->text), std::move(refusal->remedy));
  std::ifstream in{path, std::ios::binary};
  if (!in)
    return refused("this file cannot be opened", "check that its owner and mode let the broker read it");

  const std::string text = up_to_limit(in);
  if (in.bad()) return refused("this file cannot be read to its end", "check the disk");
  if (text.size() > file_limit) return refused("this file is larger than 4MiB", "is it the right one?");
  return read_settings_text(text, path, environment);
}

}  // namespace mortise::config
