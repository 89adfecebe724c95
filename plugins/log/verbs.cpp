// What an operator may ask of the log while it runs. README.md, "For a time".
#include <charconv>
#include <chrono>
#include <set>
#include <utility>

#include "plugin.hpp"

namespace mortise::log {

namespace {

constexpr std::chrono::hours longest{24};

std::chrono::nanoseconds read_span(const config& arguments) {
  const auto span = arguments.duration("/for", std::chrono::minutes{10});
  if (span < std::chrono::seconds{1} || span > longest)
    throw finding{"/for", "is not between 1s and 24h", "write such as for=10m"};
  return span;
}

std::string_view name_of_level(std::int32_t level) { return level == off ? "off" : level_name(level); }

// How long something still holds; nothing for what is as configured.
void add_rest(document& row, std::optional<std::uint64_t> end_ns, std::uint64_t now_ns) {
  if (end_ns) row.add("ends_in_s", *end_ns > now_ns ? (*end_ns - now_ns + 999'999'999) / 1'000'000'000 : 0);
}

// The categories to show of a sink, the rest under "all others".
std::set<std::string, std::less<>> categories_of(const SinkSettings& sink) {
  std::set<std::string, std::less<>> out{std::string{silent_category}};
  for (const auto& [category, level] : sink.levels.by_category) out.insert(category);
  return out;
}

void add_rows(const SinkSettings& sink, std::size_t number, const Overrides& overrides, std::uint64_t now_ns,
              std::vector<document>& rows) {
  const auto row = [&](std::string_view what, std::string_view level) -> document {
    return document{}
        .add("sink", number)
        .add("name", name_of(sink))
        .add("category", what)
        .add("level", level);
  };
  if (sink.audit) return rows.push_back(row("audit", "every event of it"));
  rows.push_back(row("all others", name_of_level(sink.levels.otherwise)));
  add_rest(rows.back(), overrides.end_of_level(sink, every_category), now_ns);
  for (const std::string& category : categories_of(sink)) {
    rows.push_back(row(category, name_of_level(sink.levels.of(category))));
    add_rest(rows.back(), overrides.end_of_level(sink, category), now_ns);
  }
  for (const std::string& client : sink.clients) {
    rows.push_back(row("client " + client, "everything"));
    add_rest(rows.back(), overrides.end_of_client(sink, client), now_ns);
  }
}

bool is_number(std::string_view text, std::size_t number) {
  std::size_t value = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  return fault == std::errc{} && end == text.data() + text.size() && value == number;
}

}  // namespace

std::string Plugin::sink_named(const config& arguments) const {
  const std::string_view wanted = arguments.text("/sink", "");
  const std::lock_guard lock{mutex_};
  std::string known;
  for (std::size_t i = 0; i < settings_.sinks.size(); ++i) {
    const SinkSettings& sink = settings_.sinks[i];
    if (!wanted.empty() && (name_of(sink) == wanted || is_number(wanted, i + 1))) {
      if (sink.audit)
        throw finding{"/sink", "is an audit, which has every event of its own", "name another sink, or none"};
      return name_of(sink);
    }
    if (!sink.audit)
      known += (known.empty() ? "" : ", ") + std::to_string(i + 1) + " (" + name_of(sink) + ")";
  }
  if (known.empty()) throw finding{"", "every sink is an audit, and takes nothing else", "add another sink"};
  if (!wanted.empty()) throw finding{"/sink", "names none of the sinks", "use one of " + known};
  return {};
}

answer Plugin::tell_levels(call now, const request&) {
  std::vector<document> rows;
  const std::uint64_t now_ns = host_.monotonic_ns();
  {
    const std::lock_guard lock{mutex_};
    std::size_t number = 0;
    for (const SinkSettings& sink : overrides_.apply(settings_.sinks))
      add_rows(sink, ++number, overrides_, now_ns, rows);
  }
  return now.result(text_of(rows));
}

answer Plugin::set_level(call now, const request& asked) {
  Override wanted;
  wanted.sink = sink_named(asked.arguments);
  wanted.category = asked.arguments.text("/category");
  const auto level = level_of(asked.arguments.text("/level"));
  if (!level) throw finding{"/level", "is not a level", "use debug, info, notice, warning, error or off"};
  wanted.level = *level;
  return begin(now, std::move(wanted), asked);
}

answer Plugin::watch_client(call now, const request& asked) {
  Override wanted;
  wanted.sink = sink_named(asked.arguments);
  wanted.client = asked.arguments.text("/client");
  return begin(now, std::move(wanted), asked);
}

answer Plugin::begin(call now, Override wanted, const request& asked) {
  const std::chrono::nanoseconds span = read_span(asked.arguments);
  wanted.until_ns = host_.monotonic_ns() + static_cast<std::uint64_t>(span.count());
  const std::string sink = wanted.sink.empty() ? "all" : wanted.sink;
  const std::string category = wanted.category;
  const std::string client = wanted.client;
  const std::string_view level = name_of_level(wanted.level);
  {
    const std::lock_guard lock{mutex_};
    if (!overrides_.put(std::move(wanted)))
      return now.refuse(std::to_string(Overrides::most) + " of these are in force already",
                        "end them with reset, or wait for the end of one");
  }
  const std::uint64_t seconds = static_cast<std::uint64_t>(span.count()) / 1'000'000'000;
  // Before the change, which may take the category of this line away.
  if (client.empty())
    host_.log(MORTISE_NOTICE, "log.level_changed", "another level for a time",
              {{"of", category}, {"to", level}, {"sink", sink}, {"seconds", seconds}, {"by", asked.caller}});
  else
    host_.log(MORTISE_NOTICE, "log.client_watched", "every line about a client for a time",
              {{"client", client}, {"sink", sink}, {"seconds", seconds}, {"by", asked.caller}});
  apply();
  document told;
  if (client.empty())
    told.add("category", category).add("level", level);
  else
    told.add("client", client);
  told.add("sink", sink).add("ends_in_s", seconds);
  if (const std::string word = word_about(category); !word.empty()) told.add("note", word);
  return now.result(told.text());
}

std::string Plugin::word_about(const std::string& category) const {
  const bool is_meant = category == every_category || category == silent_category;
  if (category.empty() || is_meant || seen_.contains(category) || seen_.size() == seen_max) return {};
  std::string known;
  for (const std::string& one : seen_) known += (known.empty() ? "" : ", ") + one;
  return "no line of \"" + category + "\" has come to this log so far" +
         (known.empty() ? "" : ", but lines of " + known);
}

answer Plugin::reset(call now, const request& asked) {
  std::vector<Override> ended;
  {
    const std::lock_guard lock{mutex_};
    ended = overrides_.take_all();
  }
  apply();
  tell_ends(ended, "reset by " + std::string{asked.caller});
  return now.result(document{}.add("ended", ended.size()).text());
}

void Plugin::end_due() {
  std::vector<Override> ended;
  {
    const std::lock_guard lock{mutex_};
    ended = overrides_.take_due(host_.monotonic_ns());
  }
  apply();
  tell_ends(ended, "its time is over");
}

void Plugin::tell_ends(const std::vector<Override>& ended, std::string_view why) {
  for (const Override& one : ended) {
    const std::string_view sink = one.sink.empty() ? "all" : std::string_view{one.sink};
    if (one.category.empty())
      host_.log(MORTISE_NOTICE, "log.client_unwatched", "lines about a client are as configured again",
                {{"client", one.client}, {"sink", sink}, {"reason", why}});
    else
      host_.log(MORTISE_NOTICE, "log.level_restored", "a level is as configured again",
                {{"of", one.category}, {"sink", sink}, {"reason", why}});
  }
}

void Plugin::apply() {
  std::optional<std::uint64_t> end;
  {
    const std::lock_guard lock{mutex_};
    writer_->take_levels(overrides_.apply(settings_.sinks));
    end = overrides_.next_end();
    ++version_;
  }
  ask_host();
  end_timer_.reset();
  if (!end) return;
  const std::uint64_t now_ns = host_.monotonic_ns();
  const std::chrono::nanoseconds rest{*end > now_ns ? *end - now_ns : 1};
  end_timer_.emplace(host_.after(rest, [this] { end_due(); }));
}

void Plugin::ask_host() {
  std::uint64_t asked = 0;
  std::uint64_t newest = 0;
  do {
    attach wishes;
    {
      const std::lock_guard lock{mutex_};
      asked = version_;
      wishes = wishes_of(overrides_.apply(settings_.sinks));
    }
    host_.change(hook_, wishes);
    const std::lock_guard lock{mutex_};
    newest = version_;
  } while (newest != asked);
}

}  // namespace mortise::log
