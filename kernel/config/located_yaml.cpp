#include "config/located_yaml.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <array>
#include <map>
#include <sstream>

#include "config/yaml_text.hpp"

namespace mortise::config {

namespace {

constexpr std::size_t node_limit = 20'000;
constexpr std::size_t depth_limit = 100;
constexpr std::size_t star_limit = 100;

// Stands for a "*" that should have been quoted, so that reading can go on behind it. YamlText::not_text has
// made sure that no file brings one along.
constexpr char star_mark = '\x01';

// Thrown through the parser where going on would only produce nonsense.
struct Stop {};

bool is_json_number(std::string_view text, bool& whole) {
  const auto digits = [&] {
    const std::size_t count = std::min(text.find_first_not_of("0123456789"), text.size());
    text.remove_prefix(count);
    return count;
  };
  if (text.starts_with('-')) text.remove_prefix(1);
  const bool leading_zero = text.starts_with('0');
  const std::size_t whole_digits = digits();
  if (whole_digits == 0 || (leading_zero && whole_digits > 1)) return false;
  whole = text.empty();
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    if (digits() == 0) return false;
  }
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(text.size() > 1 && (text[1] == '+' || text[1] == '-') ? 2 : 1);
    if (digits() == 0) return false;
  }
  return text.empty();
}

Tree plain_scalar(std::string text, Location where) {
  bool whole = false;
  Tree::Kind kind = Tree::Kind::string;
  if (text == "true" || text == "false")
    kind = Tree::Kind::boolean;
  else if (text == "null" || text == "~")
    return Tree::scalar(Tree::Kind::null, "null", std::move(where));
  else if (is_json_number(text, whole))
    kind = whole ? Tree::Kind::integer : Tree::Kind::real;
  return Tree::scalar(kind, std::move(text), std::move(where));
}

// Listens to yaml-cpp and builds the tree. Only the first document counts.
class Builder : public YAML::EventHandler {
 public:
  Builder(const YamlText& text, const Environment& environment, const std::filesystem::path& folder)
      : text_{text}, environment_{environment}, folder_{folder} {}

  std::vector<Finding>& findings() { return findings_; }
  Tree take_root() { return std::move(root_); }
  std::vector<Location> take_unexpanded() { return std::move(unexpanded_); }

  // A second document has been told of, and nothing behind it counts. yaml-cpp finds documents without end in
  // front of a comma, which it does not take.
  bool is_over() const { return documents_ > 1; }

  // The bracket or brace that is still open, innermost first, for a file that ends too early.
  std::optional<Location> open_flow(Tree::Kind kind) const {
    for (auto frame = frames_.rbegin(); frame != frames_.rend(); ++frame)
      if (frame->flow && frame->node.kind() == kind) return frame->node.where();
    return std::nullopt;
  }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ != 2) return;
    if (text_.line(mark.line).starts_with("---"))
      error(where(mark), "", "a second document begins here",
            "a configuration is one document; remove the ---");
    else if (const std::size_t at = text_.offset(mark.line, mark.column);
             at < text_.text().size() && text_.text()[at] == ',')
      error(where(mark), "", "a comma separates nothing here", "remove it, or put the text in quotes");
    else
      error(where(mark), "", "this does not continue what stands above",
            "check the indentation of this line");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    // yaml-cpp reports a value left out at whatever comes next; its key is the better place.
    const bool is_value = !frames_.empty() && frames_.back().has_key;
    place(Tree::scalar(Tree::Kind::null, "null", is_value ? frames_.back().key_where : where(mark)), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (is_over()) return;
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) {
      error(where(mark), path(), "this alias stands inside of what it names", "write the value out");
      throw Stop{};
    }
    if (frames_.size() + found->second.depth() > depth_limit) too_deep(mark);
    count(found->second.node_count(), mark);
    place(found->second, 0);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    if (is_over()) return;
    refuse_tag(mark, tag);
    count(1, mark);
    if (tag == "!" && !text_.closes_quote(text_.offset(mark.line, mark.column))) {
      error(where(mark), path(), "this quotation mark is never closed", "close it");
      throw Stop{};
    }
    const bool plain = tag != "!";
    std::string text = value;
    if (plain && text.starts_with(star_mark)) text.front() = '*';
    if (awaits_key()) return begin_key(std::move(text), mark);
    auto expanded = expand(text, environment_, folder_);
    if (expanded) {
      text = *std::move(expanded);
    } else {
      error(where(mark), path(), expanded.error().text, expanded.error().remedy);
      unexpanded_.push_back(where(mark));
    }
    place(plain ? plain_scalar(std::move(text), where(mark))
                : Tree::scalar(Tree::Kind::string, std::move(text), where(mark)),
          anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override {
    open(Tree::list(where(mark)), mark, tag, anchor, style);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override {
    open(Tree::map(where(mark)), mark, tag, anchor, style);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Frame {
    Tree node;
    YAML::anchor_t anchor;
    bool flow;
    bool has_key = false;
    std::string key;
    Location key_where;
  };

  Location where(const YAML::Mark& mark) const { return text_.where(mark.line, mark.column); }
  bool awaits_key() const {
    return !frames_.empty() && frames_.back().node.kind() == Tree::Kind::map && !frames_.back().has_key;
  }

  std::string path() const {
    std::string path;
    for (const Frame& frame : frames_) {
      if (frame.node.kind() == Tree::Kind::list)
        path += '/' + std::to_string(frame.node.items().size());
      else if (frame.has_key)
        path += '/' + frame.key;
    }
    return path.empty() ? path : path.substr(1);
  }

  void error(Location at, std::string key, std::string what, std::string remedy) {
    findings_.push_back({Severity::error, std::move(at), std::move(key), std::move(what), std::move(remedy)});
  }

  void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
    if (tag.empty() || tag == "?" || tag == "!") return;
    error(where(mark), path(), "YAML tags mean nothing here", "leave the tag out; quotes make a value text");
  }

  void count(std::size_t more, const YAML::Mark& mark) {
    nodes_ += more;
    if (nodes_ <= node_limit) return;
    error(where(mark), path(), "the file holds more than 20000 values",
          "make it smaller; aliases count as copies");
    throw Stop{};
  }

  [[noreturn]] void too_deep(const YAML::Mark& mark) {
    error(where(mark), path(), "more than 100 maps and lists lie inside each other", "");
    throw Stop{};
  }

  [[noreturn]] void refuse_key(const YAML::Mark& mark) {
    error(where(mark), path(), "a key must be plain text",
          "put the value in quotes if it begins with { or [");
    throw Stop{};
  }

  void begin_key(std::string key, const YAML::Mark& mark) {
    Frame& frame = frames_.back();
    frame.key = std::move(key);
    frame.key_where = where(mark);
    frame.has_key = true;
    if (frame.key == "<<")
      error(frame.key_where, path(), "merge keys are not read",
            "repeat the settings, or use an alias as a value");
    if (const Tree::Entry* first = frame.node.entry(frame.key))
      error(frame.key_where, path(), "duplicate key \"" + frame.key + '"',
            "line " + std::to_string(first->key_where.line) + " has it already");
  }

  void open(Tree node, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
            YAML::EmitterStyle::value style) {
    if (is_over()) return;
    if (awaits_key()) refuse_key(mark);
    refuse_tag(mark, tag);
    count(1, mark);
    if (frames_.size() + 1 >= depth_limit) too_deep(mark);
    frames_.push_back({std::move(node), anchor, style == YAML::EmitterStyle::Flow, false, {}, {}});
  }

  void close() {
    if (is_over()) return;
    Frame frame = std::move(frames_.back());
    frames_.pop_back();
    place(std::move(frame.node), frame.anchor);
  }

  void place(Tree value, YAML::anchor_t anchor) {
    if (is_over()) return;
    if (awaits_key()) {
      error(value.where(), path(), "a key must be plain text",
            "write the key before the colon, in quotes if need be");
      throw Stop{};
    }
    if (anchor != 0) anchors_[anchor] = value;
    if (frames_.empty()) {
      root_ = std::move(value);
      return;
    }
    Frame& frame = frames_.back();
    if (frame.node.kind() == Tree::Kind::list) {
      frame.node.append(std::move(value));
    } else {
      frame.has_key = false;
      if (frame.node.entry(frame.key) == nullptr)
        frame.node.insert(frame.key, frame.key_where, std::move(value));
    }
  }

  const YamlText& text_;
  const Environment& environment_;
  const std::filesystem::path& folder_;
  std::vector<Finding> findings_;
  std::vector<Location> unexpanded_;
  std::vector<Frame> frames_;
  std::map<YAML::anchor_t, Tree> anchors_;
  Tree root_;
  std::size_t nodes_ = 0;
  int documents_ = 0;
};

// What yaml-cpp says, and what people understand. The first row whose start fits counts.
struct Wording {
  std::string_view parser, text, remedy;
};

const std::array wordings{
    Wording{YAML::ErrorMsg::FLOW_END, "a ] or } closes nothing here", "check the brackets in front of it"},
    Wording{YAML::ErrorMsg::EOF_IN_SCALAR, "a quotation mark is never closed", "close it"},
    Wording{YAML::ErrorMsg::DOC_IN_SCALAR, "a quotation mark is never closed", "close it"},
    Wording{YAML::ErrorMsg::MAP_VALUE, "no value may stand here",
            "check the indentation; a value that holds a colon and a space wants quotes"},
    Wording{YAML::ErrorMsg::MAP_KEY, "no key may stand here", "check the indentation"},
    Wording{YAML::ErrorMsg::BLOCK_ENTRY, "no list element may begin here", "check the indentation"},
    Wording{YAML::ErrorMsg::END_OF_MAP, "this is neither a key nor the end of the map above",
            "check the indentation and the colon after the key"},
    Wording{YAML::ErrorMsg::END_OF_SEQ, "this is neither an element nor the end of the list above",
            "check the indentation and the dash"},
    Wording{YAML::ErrorMsg::UNKNOWN_TOKEN, "a value cannot begin with this character",
            "put the value in quotes"},
    Wording{YAML::ErrorMsg::INVALID_ESCAPE, "this escape does not exist",
            "write \\\\ for a backslash, or use single quotes"},
    Wording{YAML::ErrorMsg::INVALID_HEX, "an escape in double quotes wants more digits",
            "write \\\\ for a backslash, or use single quotes"},
    Wording{YAML::ErrorMsg::INVALID_UNICODE, "this escape names no character", "write the character itself"},
    Wording{YAML::ErrorMsg::TAB_IN_INDENTATION, "a tab stands where YAML wants spaces", "indent with spaces"},
};

// A { or [ without its other half: where the file ends, or where something stands that does not belong
// inside.
std::optional<Finding> flow_fault(const YAML::Exception& fault, const YamlText& text,
                                  const Builder& builder) {
  const bool in_map = fault.msg.starts_with(YAML::ErrorMsg::END_OF_MAP_FLOW);
  if (!in_map && !fault.msg.starts_with(YAML::ErrorMsg::END_OF_SEQ_FLOW)) return std::nullopt;
  const std::string open = in_map ? "{" : "[", close = in_map ? "}" : "]";
  const std::size_t at = text.offset(fault.mark.line, fault.mark.column);
  const auto opened = builder.open_flow(in_map ? Tree::Kind::map : Tree::Kind::list);
  // yaml-cpp's mark is 0:0 when nothing at all follows, and the last line's end when only white space does.
  if (at == 0 || text.text().find_first_not_of(" \r\n", at) == std::string::npos)
    return Finding{Severity::error, opened.value_or(text.where(at)), "", "this " + open + " is never closed",
                   "add the " + close};
  if (text.text().compare(at - 1, 2, "${") == 0)
    return Finding{Severity::error, text.where(at - 1), "", "${…} wants quotes inside of { } and [ ]",
                   "put the whole value in quotes"};
  return Finding{Severity::error, text.where(at), "",
                 "a comma or a " + close + " is missing in front of this",
                 opened ? "the " + open + " stands in line " + std::to_string(opened->line) : ""};
}

Finding worded(const YAML::Exception& fault, const YamlText& text, const Builder& builder) {
  const int line = fault.mark.is_null() ? 0 : fault.mark.line;
  const int column = fault.mark.is_null() ? 0 : fault.mark.column;
  if (const auto tab = text.tab_in_indentation(line))
    return {Severity::error, *tab, "", "a tab stands where YAML wants spaces", "indent with spaces"};
  if (auto finding = flow_fault(fault, text, builder)) return *std::move(finding);
  const auto found =
      std::ranges::find_if(wordings, [&](const Wording& w) { return fault.msg.starts_with(w.parser); });
  if (found == wordings.end())
    return {Severity::error, text.where(line, column), "", "YAML cannot read this: " + fault.msg, ""};
  return {Severity::error, text.where(line, column), "", std::string{found->text},
          std::string{found->remedy}};
}

// Where the "*" is that the parser took for an alias; empty when the fault is another one.
std::optional<std::size_t> unquoted_star(const YAML::Exception& fault, const YamlText& text) {
  const bool is_alias = fault.msg.starts_with(YAML::ErrorMsg::UNKNOWN_ANCHOR) ||
                        fault.msg.starts_with(YAML::ErrorMsg::ALIAS_NOT_FOUND) ||
                        fault.msg.starts_with(YAML::ErrorMsg::CHAR_IN_ALIAS);
  if (!is_alias || fault.mark.is_null()) return std::nullopt;
  const std::size_t at = text.offset(fault.mark.line, fault.mark.column);
  const std::size_t star = text.text().rfind('*', at);
  const bool same_line = star != std::string::npos && star >= text.offset(fault.mark.line, 0);
  return same_line ? std::optional{star} : std::nullopt;
}

Finding star_finding(const YamlText& text, std::size_t star) {
  const std::string_view rest = std::string_view{text.text()}.substr(star);
  const std::string_view word = rest.substr(0, rest.find_first_of(" \t\r\n,[]{}"));
  return {Severity::error, text.where(star), "",
          std::string{word} + " is taken for an alias, because it begins with *",
          "quote this: \"" + std::string{word} + '"'};
}

}  // namespace

YamlReading read_yaml(std::string_view source, const std::string& file, const Environment& environment,
                      const std::filesystem::path& folder) {
  YamlText text{source, file};
  if (auto finding = text.not_text()) return {std::nullopt, {*std::move(finding)}, {}};
  std::vector<Finding> stars;
  for (;;) {
    Builder builder{text, environment, folder};
    std::optional<Tree> tree;
    try {
      std::istringstream in{text.text()};
      YAML::Parser parser{in};
      while (!builder.is_over() && parser.HandleNextDocument(builder)) {}
      tree = builder.take_root();
      if (tree->where().line == 0) tree = Tree::scalar(Tree::Kind::null, "null", text.where(0, 0));
    } catch (const Stop&) {
      // The builder has said why.
    } catch (const YAML::Exception& fault) {
      const auto star = unquoted_star(fault, text);
      if (star && stars.size() < star_limit) {
        stars.push_back(star_finding(text, *star));
        text.replace(*star, star_mark);
        continue;
      }
      builder.findings().push_back(worded(fault, text, builder));
    }
    std::vector<Finding> findings = std::move(builder.findings());
    findings.insert(findings.end(), stars.begin(), stars.end());
    sort_by_place(findings);
    return {std::move(tree), std::move(findings), builder.take_unexpanded()};
  }
}

}  // namespace mortise::config
