// A batch under construction, with everything in it. Copies what it is given; lives until the batch is
// synced.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "mortise/draft/store.h"

namespace mortise::store_sqlite::test {

// A message in words; absent fields are {nullptr, 0}.
struct Body {
  std::string topic = "plant/1/temperature";
  std::string payload = "21.5";
  std::string properties{};
  std::uint8_t qos = 1;
  std::uint8_t retain = 0;
  std::string publisher = "sensor-1";
  bool has_username = true;
};

class Offer {
 public:
  explicit Offer(std::uint64_t sequence, std::uint32_t level = MORTISE_SYNCED);

  Offer& numbers(std::uint64_t reserved, std::uint64_t unix_ms);
  Offer& session(std::uint64_t session, std::string_view client_id, std::uint64_t sent_to = 0);
  Offer& end_session(std::uint64_t session);
  Offer& subscribe(std::uint64_t session, std::string_view filter, std::string_view share = {});
  Offer& unsubscribe(std::uint64_t session, std::string_view filter, std::string_view share = {});
  Offer& message(std::uint64_t number, std::uint32_t deliveries, const Body& body = {});
  Offer& erase_message(std::uint64_t number);
  Offer& identifiers(std::uint64_t delivery, std::string_view data);
  Offer& inbound(std::uint64_t session, std::uint32_t identifier, std::uint8_t op = MORTISE_PUT);
  Offer& retain(std::string_view topic, std::uint64_t version, std::uint64_t number, const Body& body = {});
  Offer& clear_retained(std::string_view topic, std::uint64_t version);
  Offer& will(std::uint64_t session, std::string_view client_id, std::uint64_t due_ms = 0);
  Offer& erase_will(std::uint64_t session);
  Offer& deliver(std::uint64_t number, std::uint64_t message, std::uint64_t session, std::uint64_t position,
                 std::uint8_t state = MORTISE_QUEUED);
  Offer& erase_delivery(std::uint64_t number);

  const mortise_batch_t* batch();

 private:
  mortise_record_t& add(std::uint8_t kind, std::uint8_t op);
  mortise_str_t keep(std::string_view text);
  mortise_bytes_t keep_bytes(std::string_view text);
  const mortise_message_view_t* keep(const Body& body);
  Offer& subscription(std::uint64_t session, std::string_view filter, std::string_view share,
                      std::uint8_t op);

  mortise_batch_t batch_{};
  std::deque<mortise_record_t> records_;
  std::deque<std::string> texts_;
  std::deque<mortise_message_view_t> bodies_;
  std::deque<mortise_subscription_t> subscriptions_;
  std::vector<const mortise_record_t*> list_;
  std::vector<mortise_delivery_record_t> deliveries_;
};

}  // namespace mortise::store_sqlite::test
