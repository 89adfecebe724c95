// `mortise ctl`: asks the running broker on its control socket, and shows the answer.
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <iostream>
#include <nlohmann/json.hpp>

#include "app/commands/command.hpp"
#include "app/commands/table.hpp"
#include "app/control_server.hpp"
#include "config/units.hpp"

namespace mortise::app {

namespace {

using Json = nlohmann::ordered_json;

// The manual page and the completion of bash are made from it: they know lines that begin with "or:", the
// headings and the rows below them, and in a row the options of a verb.
constexpr std::string_view usage_text =
    "Usage: mortise ctl [OPTION]... VERB [WORD]... [--NAME[=VALUE]]...\n"
    "  or:  mortise ctl [OPTION]... PLUGIN VERB [WORD]... [NAME=VALUE]...\n\n"
    "Asks the running broker and its plugins.\n\n"
    "Verbs:\n"
    "  help [VERB]            every verb with its options, those of plugin instances too\n"
    "  status                 what it does at present\n"
    "  clients                sessions; --user=NAME, --listener=NAME, --id=PREFIX, --connected, --away, "
    "--sort=COLUMN, --limit=N\n"
    "  client ID              one session in full\n"
    "  subscriptions ID       what it has subscribed to\n"
    "  kick ID                end its connection; --end-session, --no-will\n"
    "  retained [FILTER]      retained messages; --payload, --limit=N; --count, how many and how much\n"
    "  plugins                plugin instances\n"
    "  plugin NAME            one of them, with what its hooks are asked\n"
    "  bridges                links to other brokers\n"
    "  reload                 take the configuration file as a whole; --dry-run says what would change\n"
    "  reload-files           plugins and TLS listeners read their files again\n\n"
    "A plugin instance may have verbs of its own: \"mortise ctl PLUGIN\" lists them, \"mortise ctl PLUGIN "
    "help\n"
    "VERB\" says what can be written behind one. Words are its arguments in order; NAME=VALUE or "
    "--NAME=VALUE\n"
    "gives one by its name, --NAME says yes. For example\n"
    "  store health                   how the store is\n"
    "  store backup /backups/a.db     a copy of it, while the broker runs\n"
    "  log level auth debug for=10m   what is written, for a time\n\n"
    "Options:\n"
    "  --state-dir DIR   of the broker: its control socket lies there; /var/lib/mortise\n"
    "  --json            the answer as JSON, for programs\n"
    "  --wait SPAN       for an answer, 1s to 24h; 60s\n"
    "  --help            this text\n\n"
    "Exit codes:\n"
    "  0   done\n"
    "  1   the broker does not run, or could not do it\n"
    "  2   the command line is wrong\n";

constexpr std::chrono::seconds wait_usual{60};
constexpr std::chrono::hours wait_max{24};
// The broker says so itself when a plugin takes longer; this is for one that says nothing at all.
constexpr std::chrono::seconds grace{15};

// The words behind "ctl", sorted out.
struct Asked {
  std::filesystem::path socket;
  bool as_json = false;
  bool wants_help = false;
  std::chrono::seconds wait = wait_usual;
  Json request = Json::object();
  std::string wrong;
};

// Of an option that takes a value as --NAME=VALUE or --NAME VALUE.
std::string value_of(const std::vector<std::string>& words, std::size_t& at) {
  const std::size_t equals = words[at].find('=');
  if (equals != std::string::npos) return words[at].substr(equals + 1);
  return at + 1 < words.size() ? words[++at] : "";
}

void read_wait(const std::string& text, Asked& asked) {
  const auto wait = config::parse_duration(text);
  if (!wait || *wait < std::chrono::seconds{1} || *wait > wait_max) {
    asked.wrong = "--wait=" + text + " is no time span from 1s to 24h, such as 10m";
    return;
  }
  asked.wait = std::chrono::duration_cast<std::chrono::seconds>(*wait);
}

Asked read_words(const std::vector<std::string>& words) {
  Asked asked;
  std::filesystem::path folder = "/var/lib/mortise";
  Json rest = Json::array();
  Json options = Json::object();
  for (std::size_t i = 2; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (!word.starts_with("--")) {
      if (!asked.request.contains("verb"))
        asked.request["verb"] = word;
      else
        rest.push_back(word);
      continue;
    }
    const std::size_t equals = word.find('=');
    const std::string name = word.substr(2, equals == std::string::npos ? equals : equals - 2);
    if (name == "state-dir") {
      folder = value_of(words, i);
      if (folder.empty()) asked.wrong = "--state-dir names no folder";
    } else if (name == "wait") {
      read_wait(value_of(words, i), asked);
    } else if (name == "json") {
      asked.as_json = true;
    } else if (name == "help") {
      asked.wants_help = true;
    } else {
      options[name] = equals == std::string::npos ? "" : word.substr(equals + 1);
    }
  }
  if (!asked.request.contains("verb") && !asked.wants_help && asked.wrong.empty()) asked.wrong = "no verb";
  asked.request["words"] = std::move(rest);
  asked.request["options"] = std::move(options);
  asked.request["wait_s"] = asked.wait.count();
  asked.socket = folder / control_socket_name;
  return asked;
}

int fail(const std::string& text, int code) {
  std::cerr << "mortise ctl: " << text << '\n';
  return code;
}

// The answer's line, or what went wrong in `problem`.
std::string ask(const std::filesystem::path& path, const std::string& line, std::chrono::seconds wait,
                std::string& problem) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.native().size() >= sizeof address.sun_path) {
    problem = path.string() + " is longer than the path of a socket may be";
    return {};
  }
  std::memcpy(address.sun_path, path.c_str(), path.native().size() + 1);
  const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval patience{static_cast<time_t>((wait + grace).count()), 0};
  setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  std::string answer;
  if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    problem = path.string() + ": " + std::strerror(errno) +
              (errno == EACCES ? "; ask as root or as the broker's user"
                               : "; does the broker run, and is this its --state-dir?");
  } else {
    // Whoever is refused may be answered before he has asked.
    [[maybe_unused]] const auto sent = ::send(socket, line.data(), line.size(), MSG_NOSIGNAL);
    std::array<char, 65536> buffer;
    while (!answer.ends_with('\n')) {
      const ssize_t got = ::recv(socket, buffer.data(), buffer.size(), 0);
      if (got <= 0) {
        problem = path.string() + ": the broker did not answer" +
                  (got < 0 ? " within " + std::to_string((wait + grace).count()) +
                                 " s; it may still be at it, and its log says how it ends"
                           : "");
        break;
      }
      answer.append(buffer.data(), static_cast<std::size_t>(got));
    }
  }
  ::close(socket);
  return answer;
}

}  // namespace

int ctl(const std::vector<std::string>& words) {
  Asked asked = read_words(words);
  if (asked.wants_help) {
    std::cout << usage_text;
    return exit_done;
  }
  if (!asked.wrong.empty()) return fail(asked.wrong + "\nTry mortise ctl --help.", exit_wrong);
  std::string problem;
  const std::string line = asked.request.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
  const std::string text = ask(asked.socket, line, asked.wait, problem);
  if (!problem.empty()) return fail(problem, exit_failed);
  const Json answer = Json::parse(text, nullptr, false);
  if (!answer.is_object() || !answer.contains("ok"))
    return fail("the broker's answer is no JSON", exit_failed);
  if (!answer["ok"].get<bool>()) {
    const std::string kind = answer.value("kind", "");
    const std::string remedy = answer.value("remedy", "");
    std::string told = answer.value("error", "") + (remedy.empty() ? "" : "; " + remedy);
    for (const Json& detail : answer.value("details", Json::array()))
      told += "\n  " + (detail.is_string() ? detail.get<std::string>() : detail.dump());
    return fail(told, kind == "wrong" ? exit_wrong : exit_failed);
  }
  if (const auto left_out = answer.value("left_out", std::uint64_t{0}); left_out != 0)
    std::cerr << "mortise ctl: " << left_out << " more are left out; --limit=N shows more\n";
  if (asked.as_json)
    std::cout << answer["result"].dump() << '\n';
  else
    std::cout << (answer["result"].is_null() ? "done\n" : to_people(answer["result"]));
  return exit_done;
}

}  // namespace mortise::app
