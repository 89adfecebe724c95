// Which sessions there are, and how to end them.
//
//   mortise::clients{host}.list({.connected = 1}, [&](const mortise_client_info_t& one) { … }, [&](auto
//   status) { … });
//
// Thread: every function from every thread while running; what it is given runs on the strand.
// Fails:  by the status that is returned; then nothing is called.
// Source: mortise/services/clients.h, which says what each call means.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "mortise/cpp/host.hpp"

namespace mortise {

struct client_query {
  std::uint32_t most = 0;  // 0: all
  std::string id_prefix{};
  std::string username{};
  std::string listener{};
  std::uint32_t connected = 0;  // 1: connected only, 2: away only
};

using shown_client = std::function<void(const mortise_client_info_t&)>;
using shown_subscription = std::function<void(const mortise_subscription_t&)>;
using told_status = std::function<void(mortise_status_t)>;

namespace detail {

// What is shown, and the end; lives until that.
template <class Shown>
struct reading {
  const services& of;
  std::function<void(const Shown&)> show;
  told_status end;
  bool is_one;  // a find: the first that is shown is the end

  static void call(void* context, mortise_status_t status, const Shown* shown) noexcept {
    std::unique_ptr<reading> own{static_cast<reading*>(context)};
    guarded(own->of, "clients", [&] {
      if (shown && own->show) own->show(*shown);
      if ((!shown || own->is_one) && own->end) own->end(status);
    });
    if (shown && !own->is_one) static_cast<void>(own.release());
  }
};

struct kicking {
  const services& of;
  told_status end;

  static void call(void* context, mortise_status_t status, std::uint32_t) noexcept {
    const std::unique_ptr<kicking> own{static_cast<kicking*>(context)};
    guarded(own->of, "clients.kick", [&] { own->end(status); });
  }
};

}  // namespace detail

class clients {
 public:
  explicit clients(host of)
      : services_{&of.services()}, table_{&services_->need(services_->clients, MORTISE_HOST_CLIENTS)} {}

  // `end` is told OK or E_UNKNOWN.
  mortise_status_t find(std::string_view client_id, shown_client show, told_status end) const {
    return ask<mortise_client_info_t>(std::move(show), std::move(end), true, [&](auto fn, void* context) {
      return table_->find(services_->host, str(client_id), fn, context);
    });
  }
  // `end` is told E_END.
  mortise_status_t list(const client_query& query, shown_client show, told_status end) const {
    mortise_client_query_t raw{};
    raw.size = sizeof raw;
    raw.most = query.most;
    raw.id_prefix = str(query.id_prefix);
    raw.username = str(query.username);
    raw.listener = str(query.listener);
    raw.connected = query.connected;
    return ask<mortise_client_info_t>(std::move(show), std::move(end), false, [&](auto fn, void* context) {
      return table_->list(services_->host, &raw, fn, context);
    });
  }
  mortise_status_t subscriptions(std::string_view client_id, shown_subscription show, told_status end) const {
    return ask<mortise_subscription_t>(std::move(show), std::move(end), false, [&](auto fn, void* context) {
      return table_->subscriptions(services_->host, str(client_id), fn, context);
    });
  }
  mortise_status_t kick(std::string_view client_id, std::uint32_t flags = 0, std::string_view why = {},
                        told_status end = {}) const {
    if (!end) return table_->kick(services_->host, str(client_id), 0, flags, str(why), nullptr, nullptr);
    auto* const given = new detail::kicking{*services_, std::move(end)};
    const mortise_status_t status =
        table_->kick(services_->host, str(client_id), 0, flags, str(why), &detail::kicking::call, given);
    if (status != MORTISE_OK) delete given;
    return status;
  }

 private:
  template <class Shown, class Call>
  mortise_status_t ask(std::function<void(const Shown&)> show, told_status end, bool is_one,
                       Call call) const {
    // The host may call on the strand before the function has returned here.
    auto* const given = new detail::reading<Shown>{*services_, std::move(show), std::move(end), is_one};
    const mortise_status_t status = call(&detail::reading<Shown>::call, given);
    if (status != MORTISE_OK) delete given;
    return status;
  }

  const detail::services* services_;
  const mortise_clients_t* table_;
};

}  // namespace mortise
