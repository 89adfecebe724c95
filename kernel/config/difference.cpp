#include "config/difference.hpp"

#include <algorithm>
#include <concepts>
#include <map>
#include <optional>
#include <type_traits>

namespace mortise::config {

namespace {

std::string joined(const std::string& way, std::string_view step) {
  return way.empty() ? std::string{step} : way + '/' + std::string{step};
}

// ---- a value as it would be written

template <std::integral Integer>
std::string written(const Integer& value, const Count&) {
  return std::to_string(value);
}
template <std::integral Integer>
std::string written(const Integer& value, const Size&) {
  return format_size(value);
}
std::string written(const base::Duration& value, const Period&) { return format_duration(value); }
std::string written(bool value, const Flag&) { return value ? "true" : "false"; }
template <class Enum>
requires std::is_enum_v<Enum> std::string written(Enum value, const Choice&) {
  return std::string{name_of(value)};
}
std::string written(const std::string& value, const Name&) { return value; }
std::string written(const std::string& value, const Text&) { return in_quotes(value); }
std::string written(const std::filesystem::path& value, const Path&) { return value.string(); }
std::string written(const std::string& value, const Library&) { return value; }
std::string written(const Bind& value, const Address&) { return value.text; }

template <class Field>
std::string written(const Field& field, const Section&);
template <class T, class Rule>
std::string written(const Located<T>& field, const Rule& rule);
template <class T, class Rule>
std::string written(const std::optional<T>& field, const Rule& rule);
template <class T, class Each>
std::string written(const std::vector<T>& field, const List<Each>& rule);

template <class T, class Rule>
std::string written(const Located<T>& field, const Rule& rule) {
  return written(field.value, rule);
}
template <class T, class Rule>
std::string written(const std::optional<T>& field, const Rule& rule) {
  if (field) return written(*field, rule);
  if constexpr (requires { rule.word; })
    return std::string{rule.word};
  else
    return {};
}
template <class T, class Each>
std::string written(const std::vector<T>& field, const List<Each>& rule) {
  std::string text = "[";
  for (const T& element : field) text += (text.size() == 1 ? "" : ", ") + written(element, rule.each);
  return text + "]";
}

// The rows of a struct within one value: {topics: ["a/#"], after: written}.
class FlowRows {
 public:
  template <class Field, class Rule>
  void operator()(std::string_view key, const Field& field, const Rule& rule, std::string_view) {
    const std::string value = written(field, rule);
    if (!value.empty()) text_ += (text_.empty() ? "" : ", ") + std::string{key} + ": " + value;
  }
  template <class Field, class Rule>
  void required(std::string_view key, std::string_view, const Field& field, const Rule& rule,
                std::string_view sentence) {
    (*this)(key, field, rule, sentence);
  }
  std::string take() { return "{" + text_ + "}"; }

 private:
  std::string text_;
};

template <class Field>
std::string written(const Field& field, const Section&) {
  FlowRows rows;
  Field copy = field;  // rows are described for structs that can be written to
  describe(rows, copy);
  return rows.take();
}

// ---- all settings of a struct, each with the way to it

struct Setting {
  std::string key;
  std::string value;       // empty: it is not there
  bool is_hidden = false;  // the value is compared and not shown
};

class ListedRows {
 public:
  ListedRows(std::vector<Setting>& all, std::string way) : all_{all}, way_{std::move(way)} {}

  template <class Field, class Rule>
  void operator()(std::string_view key, Field& field, const Rule& rule, std::string_view) {
    list(joined(way_, key), field, rule);
  }
  template <class Field, class Rule>
  void required(std::string_view key, std::string_view, Field& field, const Rule& rule,
                std::string_view sentence) {
    (*this)(key, field, rule, sentence);
  }

 private:
  template <class Field, class Rule>
  void list(const std::string& key, Field& field, const Rule& rule) {
    all_.push_back({key, written(field, rule)});
  }
  template <class T>
  void list(const std::string& key, std::optional<T>& field, const Section& rule) {
    if (field) list(key, *field, rule);
  }
  template <class T>
  void list(const std::string& key, Located<T>& field, const Section& rule) {
    list(key, field.value, rule);
  }
  template <class Struct>
  void list(const std::string& key, Struct& field, const Section&) {
    ListedRows rows{all_, key};
    describe(rows, field);
  }
  // Entries by their names, whatever their places.
  template <class Entry>
  requires requires(Entry entry) { entry.name.value; }
  void list(const std::string& key, std::vector<Entry>& field, const List<Section>&) {
    for (Entry& entry : field) {
      ListedRows rows{all_, joined(key, entry.name.value)};
      describe(rows, entry);
    }
  }
  void list(const std::string& key, Tree& field, const Subtree&) { list_tree(key, field); }
  void list_tree(const std::string& key, const Tree& tree) {
    for (const Tree::Entry& entry : tree.entries()) list_tree(joined(key, entry.key), entry.value);
    for (std::size_t i = 0; i < tree.items().size(); ++i)
      list_tree(joined(key, std::to_string(i)), tree.items()[i]);
    if (tree.entries().empty() && tree.items().empty()) all_.push_back({key, tree.to_json(), true});
  }

  std::vector<Setting>& all_;
  std::string way_;
};

template <class Struct>
std::vector<Setting> settings_of(const Struct& settings) {
  std::vector<Setting> all;
  ListedRows rows{all, ""};
  Struct copy = settings;  // as above
  describe(rows, copy);
  return all;
}

template <class Struct>
bool have_same_settings(const Struct& a, const Struct& b) {
  return std::ranges::equal(settings_of(a), settings_of(b), [](const Setting& one, const Setting& other) {
    return one.key == other.key && one.value == other.value;
  });
}

Change change_of(Change::Kind kind, const Setting& shown, std::string before, std::string after) {
  if (shown.is_hidden) return {kind, shown.key, {}, {}};
  return {kind, shown.key, std::move(before), std::move(after)};
}

// ---- listeners and plugins that come and go

template <class Entry>
std::vector<std::string> names_in(const std::vector<Entry>& entries) {
  std::vector<std::string> names;
  for (const Entry& entry : entries) names.push_back(entry.name.value);
  return names;
}

const std::string& main_value(const Listener& listener) { return listener.bind.value.text; }
const std::string& main_value(const Plugin& plugin) { return plugin.library.value; }

template <class Entry>
void find_comings(const std::string& list, const std::vector<Entry>& before, const std::vector<Entry>& after,
                  std::vector<Change>& changes) {
  const auto tell_missing = [&](const std::vector<Entry>& all, const std::vector<Entry>& in,
                                Change::Kind kind) {
    const std::vector<std::string> there = names_in(in);
    for (const Entry& entry : all) {
      if (std::ranges::count(there, entry.name.value) != 0) continue;
      Change& change = changes.emplace_back(Change{kind, list + "/" + entry.name.value, {}, {}});
      (kind == Change::Kind::added ? change.after : change.before) = main_value(entry);
    }
  };
  tell_missing(before, after, Change::Kind::removed);
  tell_missing(after, before, Change::Kind::added);
}

// Whether the setting is of a listener or plugin that comes or goes as a whole.
bool is_within(const std::string& key, const std::vector<Change>& comings) {
  return std::ranges::any_of(comings,
                             [&](const Change& change) { return key.starts_with(change.key + "/"); });
}

void find_new_order(const Settings& before, const Settings& after, std::vector<Change>& changes) {
  std::vector<std::string> old_names = names_in(before.plugins), new_names = names_in(after.plugins);
  const auto keep_common = [](std::vector<std::string>& names, const std::vector<std::string>& others) {
    std::erase_if(names, [&](const std::string& name) { return std::ranges::count(others, name) == 0; });
  };
  const std::vector<std::string> all_old = old_names;
  keep_common(old_names, new_names);
  keep_common(new_names, all_old);
  if (old_names == new_names) return;
  const auto text = [](const std::vector<std::string>& names) {
    std::string all;
    for (const std::string& name : names) all += (all.empty() ? "" : ", ") + name;
    return all;
  };
  changes.push_back({Change::Kind::changed, "plugins", text(old_names), text(new_names)});
}

}  // namespace

std::string Change::to_text() const {
  const std::string& value = kind == Kind::added ? after : before;
  switch (kind) {
    case Kind::added:
    case Kind::removed:
      return (kind == Kind::added ? "+ " : "- ") + key + (value.empty() ? "" : ": " + value);
    case Kind::changed: break;
  }
  return "~ " + key + (before.empty() && after.empty() ? "" : ": " + before + " -> " + after);
}

std::vector<Change> difference(const Settings& before, const Settings& after) {
  std::vector<Change> comings;
  find_comings("listeners", before.listeners, after.listeners, comings);
  find_comings("plugins", before.plugins, after.plugins, comings);

  std::vector<Change> changes;
  const std::vector<Setting> all_before = settings_of(before), all_after = settings_of(after);
  std::map<std::string_view, const Setting*> old_ones, new_ones;
  for (const Setting& setting : all_before) old_ones.emplace(setting.key, &setting);
  for (const Setting& setting : all_after) new_ones.emplace(setting.key, &setting);
  using Kind = Change::Kind;
  const auto value_in = [](const auto& all, const std::string& key) {
    const auto found = all.find(key);
    return found == all.end() ? std::string{} : found->second->value;
  };
  for (const Setting& setting : all_after) {
    const std::string old_value = value_in(old_ones, setting.key);
    if (old_value == setting.value || is_within(setting.key, comings)) continue;
    const Kind kind = old_value.empty() ? Kind::added : setting.value.empty() ? Kind::removed : Kind::changed;
    changes.push_back(change_of(kind, setting, old_value, setting.value));
  }
  for (const Setting& setting : all_before)
    if (!new_ones.contains(setting.key) && !setting.value.empty() && !is_within(setting.key, comings))
      changes.push_back(change_of(Kind::removed, setting, setting.value, {}));
  find_new_order(before, after, changes);
  std::ranges::move(comings, std::back_inserter(changes));
  return changes;
}

bool is_same(const Listener& before, const Listener& after) { return have_same_settings(before, after); }
bool is_same(const Plugin& before, const Plugin& after) { return have_same_settings(before, after); }

}  // namespace mortise::config
