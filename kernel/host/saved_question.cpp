#include "host/saved_question.hpp"

#include "host/abi_text.hpp"
#include "host/message_handle.hpp"

namespace mortise::host {

namespace {

// Walks every view in here twice: first to count, then to copy and repoint.
class Copier {
 public:
  explicit Copier(std::string& into) : into_{into} {}
  void begin_copying() {
    into_.reserve(size_);
    copying_ = true;
  }
  void operator()(std::string_view& text) {
    if (!copying_) {
      size_ += text.size();
    } else if (text.data()) {
      const std::size_t at = into_.size();
      into_.append(text);
      text = std::string_view{into_}.substr(at);
    }
  }
  void operator()(mqtt::Bytes& bytes) {
    std::string_view text{reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    (*this)(text);
    if (copying_) bytes = {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
  }

 private:
  std::string& into_;
  std::size_t size_ = 0;
  bool copying_ = false;
};

void visit(Copier& copy, broker::ClientFacts& client, mqtt::Connect& connect, broker::Exchange& exchange,
           broker::Access& access) {
  copy(client.client_id);
  copy(client.username);
  copy(client.address);
  copy(client.identity);
  copy(client.cipher);
  copy(access.topic);
  copy(exchange.method);
  copy(exchange.data);
  copy(connect.client_id);
  if (connect.username) copy(*connect.username);
  if (connect.password) copy(*connect.password);
  if (connect.authentication_method) copy(*connect.authentication_method);
  copy(connect.authentication_data);
  copy(connect.raw);
  if (!connect.will) return;
  copy(connect.will->topic);
  copy(connect.will->payload);
  copy(connect.will->properties.raw);
}

}  // namespace

SavedQuestion::SavedQuestion(const Asked& asked, broker::Question to_answer,
                             std::shared_ptr<const HookSet> used)
    : question{to_answer}, set{std::move(used)}, client_{*asked.client} {
  asked_ = {asked.point, &client_, nullptr, nullptr, nullptr};
  if (client_.plugin_data != 0) {
    client_data_ = *reinterpret_cast<const ClientData*>(client_.plugin_data);
    client_.plugin_data = reinterpret_cast<std::uint64_t>(&client_data_);
  }
  if (asked.connect) {
    connect_ = *asked.connect;
    asked_.connect = &connect_;
  }
  if (asked.exchange) {
    exchange_ = *asked.exchange;
    asked_.exchange = &exchange_;
    if (exchange_.connect) {
      connect_ = *exchange_.connect;
      exchange_.connect = &connect_;
    }
  }
  if (asked.access) {
    access_ = *asked.access;
    asked_.access = &access_;
    if (access_.message) message_ = share(*access_.message);
  }
  Copier copy{texts_};
  visit(copy, client_, connect_, exchange_, access_);
  copy.begin_copying();
  visit(copy, client_, connect_, exchange_, access_);
}

}  // namespace mortise::host
