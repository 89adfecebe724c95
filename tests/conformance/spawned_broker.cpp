#include "spawned_broker.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <random>
#include <stdexcept>
#include <thread>
#include <vector>

#include "rehearsed.hpp"

namespace mortise::conformance {

namespace {

using namespace std::chrono_literals;

constexpr auto start_at_most = 30s;
constexpr auto stop_at_most = 10s;
constexpr auto look_again = 10ms;

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

bool can_bind(std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(port);
  const bool bound = ::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(socket);
  return bound;
}

bool somebody_listens(std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(port);
  const bool connected = ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(socket);
  return connected;
}

std::filesystem::path new_folder() {
  std::string name = (std::filesystem::temp_directory_path() / "mortise-transcripts-XXXXXX").string();
  if (!::mkdtemp(name.data())) throw std::runtime_error{"no folder for the broker's state can be made"};
  return name;
}

}  // namespace

SpawnedBroker::SpawnedBroker(const SpawnChoices& choices, const BrokerSettings& settings)
    : folder_{new_folder()} {
  claim_a_port();
  write_configuration(choices, settings);
  start(choices);
  wait_until_it_listens();
}

// Below those the system gives away by itself, and not one that another test has claimed: harness.py of the
// end-to-end tests does the same.
void SpawnedBroker::claim_a_port() {
  std::random_device chance;
  std::uniform_int_distribution<unsigned> ports{20'000, 31'999};
  claim_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  for (int tries = 0; tries < 500; ++tries) {
    const auto port = static_cast<std::uint16_t>(ports(chance));
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    const std::string text = "mortise-test-port-" + std::to_string(port);
    text.copy(name.sun_path + 1, sizeof name.sun_path - 1);
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + text.size());
    if (::bind(claim_, reinterpret_cast<const sockaddr*>(&name), size) != 0) continue;
    port_ = port;
    if (can_bind(port)) return;
    ::close(claim_);
    claim_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  }
  throw std::runtime_error{"none of 500 ports of the loopback is free"};
}

void SpawnedBroker::write_configuration(const SpawnChoices& choices, const BrokerSettings& settings) const {
  std::ofstream file{folder_ / "mortise.yaml"};
  const auto line = [&](const char* name, const std::string& prefix, const std::string& suffix = {}) {
    if (const auto found = settings.find(name); found != settings.end())
      file << prefix << found->second << suffix << '\n';
  };
  file << "kernel:\n  threads: " << choices.threads << "\n  limits:\n    connections: 1000\n";
  line("packet_size", "    packet_size: ");
  line("topic_levels", "    topic_levels: ");
  line("connect_packet_size", "    connect_packet_size: ");
  line("topic_length", "    topic_length: ");
  line("filters", "    filters: ");
  line("connect_rate_per_client", "    connect_rate_per_client: ");
  if (settings.contains("retained_messages") || settings.contains("retained_payload"))
    file << "  retained:\n";
  line("retained_messages", "    messages: ");
  line("retained_payload", "    payload: ");
  file << "  session:\n    keep_alive_maximum: ";
  const auto keep_alive = settings.find("keep_alive_maximum");
  file << (keep_alive == settings.end() ? std::string{"unlimited"} : std::to_string(keep_alive->second) + "s")
       << '\n';
  line("receive_maximum", "    receive_maximum: ");
  line("inflight_maximum", "    inflight_maximum: ");
  line("expiry_maximum", "    expiry_maximum: ", "s");
  line("topic_alias_maximum", "    topic_alias_maximum: ");
  line("subscriptions", "    subscriptions: ");
  line("retry_interval", "    retry_interval: ", "s");
  if (settings.contains("response_information"))
    file << "    response_information: \"" << response_information << "\"\n";
  file << "    queue:\n      overflow: "
       << (settings.contains("overflow_disconnect") ? "disconnect"
           : settings.contains("drop_newest")       ? "drop_newest"
                                                    : "drop_oldest")
       << '\n';
  line("queue_messages", "      messages: ");
  file << "listeners:\n  - name: transcripts\n    bind: \"127.0.0.1:" << port_
       << "\"\n    anonymous: " << (settings.contains("anonymous_denied") ? "deny" : "allow") << '\n';
  if (settings.contains("only_5.0")) file << "    versions: [5.0]\n";
  if (settings.contains("only_3.1.1")) file << "    versions: [3.1.1]\n";
  line("maximum_qos", "    maximum_qos: ");
  if (settings.contains("checked_payloads")) file << "    check_payload_format: true\n";
  const auto off = [&](const char* name, const char* key) {
    if (settings.contains(name)) file << "    " << key << ": false\n";
  };
  off("no_retained", "retain");
  off("no_wildcards", "wildcard_subscriptions");
  off("no_identifiers", "subscription_identifiers");
  off("no_shared", "shared_subscriptions");
  if (settings.contains("mounted")) file << "    mount_point: \"" << mount_point << "\"\n";
  file << "plugins:\n";
  if (choices.with_store)
    file << "  - name: store\n    library: store-sqlite\n    config: {path: transcripts.db}\n";
  if (settings.contains("rehearsed_plugin"))
    file << "  - name: rehearsed\n    library: " MORTISE_REHEARSED_PLUGIN "\n";
}

void SpawnedBroker::start(const SpawnChoices& choices) {
  const std::string configuration = (folder_ / "mortise.yaml").string();
  const std::string state = (folder_ / "state").string();
  std::filesystem::create_directory(state);
  const std::string output = (folder_ / "output").string();
  std::vector<std::string> words{choices.program, "run", "--config", configuration, "--state-dir", state};
  if (!choices.plugin_path.empty()) words.insert(words.end(), {"--plugin-path", choices.plugin_path});
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  process_ = ::fork();
  if (process_ < 0) throw std::runtime_error{"no process can be started"};
  if (process_ == 0) {
    const int file = ::open(output.c_str(), O_CREAT | O_WRONLY, 0600);
    ::dup2(file, 1);
    ::dup2(file, 2);
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
  }
}

void SpawnedBroker::wait_until_it_listens() {
  const auto until = std::chrono::steady_clock::now() + start_at_most;
  while (!somebody_listens(port_)) {
    int status = 0;
    const bool ended = ::waitpid(process_, &status, WNOHANG) == process_;
    if (ended) process_ = -1;
    if (ended || std::chrono::steady_clock::now() > until) {
      throw std::runtime_error{"the broker " + std::string{ended ? "ended" : "does not listen"} +
                               "; it said:\n" + said()};
    }
    std::this_thread::sleep_for(look_again);
  }
}

std::string SpawnedBroker::said() const {
  std::ifstream output{folder_ / "output"};
  return {std::istreambuf_iterator<char>{output}, {}};
}

// A sanitizer that found something makes it end with a status of its own.
std::string SpawnedBroker::stop() {
  ::kill(process_, SIGTERM);
  const auto until = std::chrono::steady_clock::now() + stop_at_most;
  int status = 0;
  while (::waitpid(process_, &status, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() > until) ::kill(process_, SIGKILL);
    std::this_thread::sleep_for(look_again);
  }
  process_ = -1;
  const std::string words = said();
  const bool in_order = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  if (in_order && words.find("the ledger does not balance") == std::string::npos) return {};
  return "the broker did not stop in order (status " + std::to_string(status) + "); it said:\n" + words;
}

SpawnedBroker::~SpawnedBroker() {
  if (process_ > 0) {
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
  }
  ::close(claim_);
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

}  // namespace mortise::conformance
