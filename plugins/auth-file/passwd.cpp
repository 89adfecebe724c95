// mortise-passwd: sets the password of a user in users.yaml, adds a user, removes one.
#include <algorithm>
#include <cstdio>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "file_replacement.hpp"
#include "nearest.hpp"
#include "password.hpp"
#include "password_input.hpp"
#include "users.hpp"
#include "users_text.hpp"

namespace mortise::auth_file {

namespace {

constexpr int done = 0;
constexpr int no_file = 1;
constexpr int wrong_usage = 2;
constexpr int refused = 3;

constexpr const char* help = R"(Usage: mortise passwd [--group NAME]... FILE USER
  or:  mortise passwd --delete FILE USER

Sets the password of USER in FILE, the users file of the auth-file plugin, and adds the user if it is
not there. The password is asked for twice at a terminal; otherwise it is the first line of standard
input. FILE keeps its comments, order, mode and owner, and is replaced in one step. A FILE that is not
there is made.

A running broker reads the file again at SIGHUP.

  --group NAME   put the user into a group of the file, besides those it is in; may be given more than once
  --delete       remove the user
  --help         show this

Exit codes:
  0   done
  1   the file could not be read or written
  2   the command line makes no sense
  3   refused: passwords that differ, no such user or group, a file laid out in an unknown way
)";

struct Request {
  bool help = false;
  bool remove = false;
  std::vector<std::string> groups;
  std::string file;
  std::string user;
};

struct WrongUsage : std::runtime_error {
  using std::runtime_error::runtime_error;
};

Request read_arguments(const std::vector<std::string>& arguments) {
  Request out;
  std::vector<std::string> names;
  bool options = true;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& word = arguments[i];
    if (!options || !word.starts_with('-') || word == "-")
      names.push_back(word);
    else if (word == "--")
      options = false;
    else if (word == "--help")
      out.help = true;
    else if (word == "--delete")
      out.remove = true;
    else if (word.starts_with("--group="))
      out.groups.push_back(word.substr(8));
    else if (word == "--group" && i + 1 < arguments.size())
      out.groups.push_back(arguments[++i]);
    else
      throw WrongUsage{word == "--group" ? "--group wants a name" : "unknown option " + word};
  }
  if (out.help) return out;
  if (names.size() != 2) throw WrongUsage{"give a file and a user name"};
  if (out.remove && !out.groups.empty()) throw WrongUsage{"--delete and --group do not go together"};
  out.file = names[0];
  out.user = names[1];
  if (const std::string fault = fault_of_name(out.user); !fault.empty()) throw WrongUsage{fault};
  return out;
}

void check_groups(const Request& request, const std::string& text) {
  Mistakes mistakes;
  const auto users = read_users(text, request.file, mistakes);
  if (!users) throw EditFault{mistakes.front().to_text()};
  for (const std::string& group : request.groups) {
    if (std::ranges::find(users->groups, group) != users->groups.end()) continue;
    const std::string meant = suggestion(group, users->groups);
    throw EditFault{"there is no group \"" + group + "\" in " + request.file + "; " +
                    (meant.empty() ? "name it in the list groups first" : meant)};
  }
}

// What else keeps the broker from reading the file.
void tell_mistakes(const std::string& text, const std::string& file) {
  Mistakes mistakes;
  (void)read_users(text, file, mistakes);
  for (const Mistake& each : mistakes) std::fprintf(stderr, "%s\n", each.to_text().c_str());
}

void set_password(const Request& request) {
  { check_groups(request, FileReplacement{request.file}.text()); }  // before anybody types a password
  std::string password = read_password(request.user);
  const std::string hash = hash_password(password);
  wipe(password);
  FileReplacement file{request.file};
  check_groups(request, file.text());
  const Edited edited = with_password(file.text(), request.user, hash, request.groups);
  file.replace(edited.text);
  std::printf("%s: %s %s\n", request.file.c_str(), request.user.c_str(),
              edited.added ? "was added" : "has a new password");
  tell_mistakes(edited.text, request.file);
}

void remove_user(const Request& request) {
  FileReplacement file{request.file};
  if (!file.exists()) throw std::system_error{ENOENT, std::generic_category(), request.file};
  const std::string text = without_user(file.text(), request.user);
  file.replace(text);
  std::printf("%s: %s was removed\n", request.file.c_str(), request.user.c_str());
  tell_mistakes(text, request.file);
}

int run(const std::vector<std::string>& arguments) {
  const auto fail = [](int code, const char* text) {
    std::fprintf(stderr, "mortise passwd: %s\n", text);
    return code;
  };
  try {
    const Request request = read_arguments(arguments);
    if (request.help)
      std::fputs(help, stdout);
    else if (request.remove)
      remove_user(request);
    else
      set_password(request);
    return done;
  } catch (const WrongUsage& wrong) {
    return fail(wrong_usage, (std::string{wrong.what()} + "\n\n" + help).c_str());
  } catch (const EditFault& fault) {
    return fail(refused, fault.what());
  } catch (const RefusedPassword& fault) {
    return fail(refused, fault.what());
  } catch (const std::exception& fault) {
    return fail(no_file, fault.what());
  }
}

}  // namespace

}  // namespace mortise::auth_file

int main(int count, char** arguments) { return mortise::auth_file::run({arguments + 1, arguments + count}); }
