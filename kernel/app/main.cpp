#include <fcntl.h>

#include "app/commands/command.hpp"

namespace {

// A file opened where standard error should be would get what is written to standard error: such as log lines
// in a file of the store.
void fill_standard_descriptors() {
  for (int descriptor = 0; descriptor <= 2; ++descriptor)
    if (::fcntl(descriptor, F_GETFD) < 0)
      ::open("/dev/null", O_RDWR);  // takes the lowest number that is free
}

}  // namespace

int main(int count, char** arguments) {
  fill_standard_descriptors();
  return mortise::app::run_command({arguments, arguments + count});
}
