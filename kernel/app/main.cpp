#include "app/commands/command.hpp"

int main(int count, char** arguments) { return mortise::app::run_command({arguments, arguments + count}); }
