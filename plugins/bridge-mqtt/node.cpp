#include "node.hpp"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <random>
#include <stdexcept>

namespace mortise::bridge {

namespace {

constexpr std::size_t digits = 16;

bool is_name(const std::string& text) {
  return text.size() == digits &&
         std::ranges::all_of(text, [](unsigned char c) { return std::isxdigit(c) != 0; });
}

}  // namespace

std::string node_name(const std::string& state_dir) {
  const std::filesystem::path path = std::filesystem::path{state_dir} / "bridge-node";
  std::string name;
  if (std::ifstream file{path}; file && file >> name && is_name(name)) return name;
  std::random_device device;
  char text[digits + 1];
  std::snprintf(text, sizeof text, "%08x%08x", device(), device());
  // Whole or not at all, and never half of it.
  std::filesystem::path fresh = path;
  fresh += ".new";
  std::ofstream file{fresh, std::ios::trunc};
  file << text << '\n';
  file.close();
  std::error_code fault;
  if (file) std::filesystem::rename(fresh, path, fault);
  if (!file || fault)
    throw std::runtime_error{path.string() +
                             ": cannot keep the name of this broker there; make the state folder writable"};
  return text;
}

}  // namespace mortise::bridge
