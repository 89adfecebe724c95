#include "password_input.hpp"

#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string_view>

#include "password.hpp"

namespace mortise::auth_file {

namespace {

constexpr std::size_t password_max = 65535;
constexpr char interrupt = '\x03';

// One byte at a time, so that nothing behind the line is taken from whoever reads next.
std::string read_line() {
  std::string out;
  for (char c = 0; out.size() <= password_max + 1;) {
    const ssize_t count = ::read(STDIN_FILENO, &c, 1);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0 || c == '\n') break;
    out += c;
  }
  if (out.ends_with('\r')) out.pop_back();
  return out;
}

// A terminal that does not show what is typed. Signals of the keyboard arrive as characters meanwhile, so
// that nobody is left with a silent terminal.
class Unseen {
 public:
  Unseen() {
    ::tcgetattr(STDIN_FILENO, &before_);
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO | ISIG);
    quiet.c_lflag |= ICANON;
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
  }
  Unseen(const Unseen&) = delete;
  Unseen& operator=(const Unseen&) = delete;
  ~Unseen() {
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
    std::fputs("\n", stderr);
  }

 private:
  termios before_{};
};

std::string ask(const std::string& question) {
  std::string out;
  {
    const Unseen unseen;
    std::fputs(question.c_str(), stderr);
    out = read_line();
  }
  if (out.find(interrupt) != out.npos) throw RefusedPassword{"interrupted; nothing was changed"};
  return out;
}

}  // namespace

std::string read_password(const std::string& user) {
  std::string out;
  if (::isatty(STDIN_FILENO) == 1) {
    out = ask("Password for " + user + ": ");
    std::string again = ask("Once more: ");
    const bool same = out == again;
    wipe(again);
    if (!same) throw RefusedPassword{"the two passwords differ; nothing was changed"};
  } else {
    out = read_line();
  }
  if (out.empty()) throw RefusedPassword{"an empty password is none; nothing was changed"};
  if (out.size() > password_max)
    throw RefusedPassword{"the password is longer than 65535 bytes; nothing was changed"};
  return out;
}

}  // namespace mortise::auth_file
