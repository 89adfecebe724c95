#include "app/commands/command.hpp"

#include <unistd.h>

#include <boost/program_options.hpp>
#include <cerrno>
#include <cstring>
#include <iostream>

namespace mortise::app {

namespace {

namespace options = boost::program_options;

constexpr std::string_view version = MORTISE_VERSION;

int usage(std::ostream& out, const options::options_description& known, int code) {
  out << "Usage: mortise [COMMAND] [OPTION]...\n\n"
         "Mortise serves MQTT 3.1, 3.1.1 and 5.0.\n\n"
         "Commands:\n"
         "  run      start the broker (also without a command)\n"
         "  ctl      ask the running broker and its plugins, such as for a backup: mortise ctl --help\n"
         "  check    read the configuration and every plugin's settings, tell what is wrong, start nothing\n"
         "  inspect  open a plugin's library and show what it says about itself: mortise inspect FILE\n"
         "  NAME     run mortise-NAME, which a plugin may bring: mortise passwd FILE USER\n\n"
      << known
      << "\nSignals:\n"
         "  SIGHUP    a changed configuration is taken; plugins and TLS listeners read their files again, "
         "logs "
         "are opened anew\n"
         "  SIGTERM   clients are told, what is to be kept is kept, the broker ends\n"
         "\nExit codes:\n"
         "  0   done\n"
         "  1   failed while running\n"
         "  2   the configuration or the command line is wrong\n";
  return code;
}

// A command that a plugin brings: beside this program, with the plugins (installed, or in a build folder), or
// on PATH.
int run_brought(const std::string& name, const std::vector<std::string>& words) {
  const std::string program = "mortise-" + name;
  std::vector<char*> arguments{const_cast<char*>(program.c_str())};
  for (std::size_t i = 2; i < words.size(); ++i) arguments.push_back(const_cast<char*>(words[i].c_str()));
  arguments.push_back(nullptr);
  std::error_code none;
  const auto here = std::filesystem::read_symlink("/proc/self/exe", none).parent_path();
  if (!none)
    for (const std::filesystem::path& folder :
         {here, std::filesystem::path{MORTISE_PLUGIN_DIR}, here / "../../plugins"})
      execv((folder / program).c_str(), arguments.data());
  execvp(program.c_str(), arguments.data());
  std::cerr << "mortise: there is no command \"" << name << "\": " << program << ": " << std::strerror(errno)
            << "\nTry mortise --help.\n";
  return exit_wrong;
}

Invocation invocation_from(const options::variables_map& given) {
  Invocation invocation;
  if (given.count("config")) invocation.config = given["config"].as<std::string>();
  if (given.count("state-dir")) invocation.state_dir = given["state-dir"].as<std::string>();
  if (given.count("plugin-path"))
    for (const auto& folder : given["plugin-path"].as<std::vector<std::string>>())
      invocation.plugin_path.push_back(std::filesystem::absolute(folder));
  return invocation;
}

}  // namespace

int run_command(const std::vector<std::string>& words) {
  const bool named = words.size() > 1 && !words[1].starts_with("-");
  const std::string command = named ? words[1] : "run";
  if (command == "ctl") return ctl(words);
  if (command == "inspect") return inspect(words);
  if (command != "run" && command != "check") return run_brought(command, words);

  options::options_description known{"Options"};
  known.add_options()("config", options::value<std::string>()->value_name("FILE"),
                      "the configuration; /etc/mortise/mortise.yaml")(
      "state-dir", options::value<std::string>()->value_name("DIR"),
      "where plugins keep their files; /var/lib/mortise")(
      "plugin-path", options::value<std::vector<std::string>>()->composing()->value_name("DIR"),
      "where plugin libraries are looked for first; may be given several times")("help", "this text")(
      "version", "the version");
  options::variables_map given;
  try {
    options::store(
        options::command_line_parser(std::vector<std::string>(words.begin() + (named ? 2 : 1), words.end()))
            .options(known)
            .positional({})
            .run(),
        given);
  } catch (const options::too_many_positional_options_error&) {
    std::cerr << "mortise: "
              << (named ? command + " takes no words; the configuration is named by --config FILE"
                        : "a command comes before its options, such as: mortise ctl --state-dir DIR status")
              << "\nTry mortise --help.\n";
    return exit_wrong;
  } catch (const options::error& error) {
    std::cerr << "mortise: " << error.what() << "\nTry mortise --help.\n";
    return exit_wrong;
  }
  if (given.count("help")) return usage(std::cout, known, exit_done);
  if (given.count("version")) {
    std::cout << "mortise " << version << '\n';
    return exit_done;
  }
  const Invocation invocation = invocation_from(given);
  return command == "check" ? check(invocation) : run(invocation);
}

}  // namespace mortise::app
