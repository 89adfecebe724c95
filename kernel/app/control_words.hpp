// What a request on the control socket says, and the refusal of one.
//
// Thread: any.   Owns: its texts.   Fails: by throwing Refused.
#pragma once

#include <charconv>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mortise::app {

using ControlJson = nlohmann::ordered_json;

// Why a request came to nothing.
struct Refused {
  std::string error;
  std::string remedy;
  bool is_wrong = false;               // it was asked in a wrong way; else it could not be done
  std::vector<std::string> details{};  // a line each: what all there is to mend
};

// What a request says behind its verb.
class Words {
 public:
  Words(std::vector<std::string> words, std::map<std::string, std::string> options, std::string caller)
      : words_{std::move(words)}, options_{std::move(options)}, caller_{std::move(caller)} {}

  // Of {"words": […], "options": {…}}; values that are no texts count as they are written.
  static Words of(const ControlJson& asked, const std::string& caller = {}) {
    const auto text_of = [](const ControlJson& value) {
      return value.is_string() ? value.get<std::string>() : value.dump();
    };
    std::vector<std::string> words;
    for (const ControlJson& word : asked.value("words", ControlJson::array())) words.push_back(text_of(word));
    std::map<std::string, std::string> options;
    const ControlJson given = asked.value("options", ControlJson::object());
    for (const auto& [key, value] : given.items()) options[key] = text_of(value);
    return {std::move(words), std::move(options), caller};
  }

  const std::vector<std::string>& all() const { return words_; }
  // Who asks: "uid 0".
  const std::string& caller() const { return caller_; }
  std::optional<std::string> option(const std::string& name) const {
    const auto found = options_.find(name);
    return found == options_.end() ? std::nullopt : std::optional{found->second};
  }
  const std::map<std::string, std::string>& options() const { return options_; }
  std::size_t count(const std::string& name, std::size_t otherwise) const {
    const auto text = option(name);
    if (!text) return otherwise;
    std::size_t value = 0;
    const auto [end, fault] = std::from_chars(text->data(), text->data() + text->size(), value);
    if (fault != std::errc{} || end != text->data() + text->size())
      throw Refused{"--" + name + " " + *text + " is not a whole number", "write a number, such as 50", true};
    return value;
  }

 private:
  std::vector<std::string> words_;
  std::map<std::string, std::string> options_;
  std::string caller_;
};

}  // namespace mortise::app
