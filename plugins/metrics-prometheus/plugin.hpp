// The metrics-prometheus plugin: shows what the broker and all plugins count to a Prometheus that asks.
//
// Thread: control thread for its life; answers on the server's.
// Owns:   the server.
#pragma once

#include <map>
#include <memory>
#include <mortise/plugin.hpp>

#include "exposition.hpp"
#include "server.hpp"
#include "settings.hpp"

namespace mortise::prometheus {

class Exporter {
 public:
  static constexpr const char* display_name = "Prometheus exporter";
  static constexpr const char* summary = "shows the metrics of the broker and its plugins to Prometheus";

  Exporter(host of, const config& from) : host_{of}, settings_{read_settings(from)} {}

  void start() {
    const metrics all{host_};
    for (const unsigned status : {200U, 400U, 404U, 405U, 408U, 431U, 500U})
      answers_[status] =
          all.counter("exporter_answers_total", "Answers of the Prometheus exporter, by HTTP status.",
                      {{"status", std::to_string(status)}});
    turned_away_ =
        all.counter("exporter_turned_away_total", "Connections to the exporter that were one too many.");
    server_ = make_server(settings_);
    server_->open();
    tell();
  }
  void stop() { server_.reset(); }
  std::uint16_t port() const { return server_->port(); }

  // Another address is listened at before the old one is left.
  struct Plan {
    Settings settings;
    std::unique_ptr<Server> server;  // null: the one there is
  };
  Plan prepare(const config& from) const {
    Plan plan{read_settings(from), nullptr};
    if (plan.settings.bind == settings_.bind) return plan;
    plan.server = make_server(plan.settings);
    plan.server->open();
    return plan;
  }
  void commit(Plan plan) {
    settings_ = plan.settings;
    if (!plan.server) return server_->renew(settings_);
    server_ = std::move(plan.server);
    tell();
  }

 private:
  std::unique_ptr<Server> make_server(const Settings& settings) const {
    Service service;
    service.render = [all = metrics{host_}] {
      Exposition text;
      all.read([&](const mortise_metric_view_t& metric) { text.add(metric); });
      return text.take();
    };
    service.answered = [this](unsigned status) { answers_.at(status).add(); };
    service.timeout = settings.timeout;
    return std::make_unique<Server>(settings, std::move(service), [this] { turned_away_.add(); });
  }
  void tell() const {
    host_.log(MORTISE_INFO, "metrics.open", "metrics are shown at /metrics", {{"port", server_->port()}});
    if (!settings_.bind.address().is_loopback())
      host_.log(
          MORTISE_NOTICE, "metrics.open_to_all",
          "whoever can reach the port of the metrics can read them; bind it to 127.0.0.1, or let only your "
          "Prometheus through",
          {{"address", settings_.bind.address().to_string()}});
  }

  host host_;
  Settings settings_;
  std::map<unsigned, counter> answers_;
  counter turned_away_;
  std::unique_ptr<Server> server_;
};

}  // namespace mortise::prometheus
