"""The metrics of a real broker: as Prometheus reads them, as $SYS topics, and as the dashboard asks for them."""

import json
import os
import re
import socket
import unittest
import urllib.error
import urllib.request

import prometheus
from harness import PATIENCE_S, ROOT, STORE, BrokerTest, Client, free_port, wait_for

PROMETHEUS = os.environ.get("MORTISE_PROMETHEUS", ".build/prometheus")
README = ROOT / "plugins/metrics-prometheus/README.md"
DASHBOARD = ROOT / "config/grafana-dashboard.json"
KERNEL = ROOT / "kernel/host/kernel_figures.hpp"


def documented():
    """The metrics in the README's tables: {name: type}."""
    rows = re.findall(r"^\| `(mortise_\w+)` \| (counter|gauge|histogram) \|", README.read_text(), re.MULTILINE)
    return dict(rows)


def kernel_figures():
    """The kernel's own, where they are named: [(name, type)]."""
    return [(name, kind.lower()) for name, kind in
            re.findall(r'\{"(\w+)",\s*MORTISE_(COUNTER|GAUGE|HISTOGRAM)', KERNEL.read_text())]


def exposed(text):
    """The metrics in a text: {name: type}."""
    return dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE))


class MetricsTest(BrokerTest):
    def exporting(self, more="", plugins=(), **options):
        self.metrics_port = free_port()
        exporter = (f"{{name: metrics, library: metrics-prometheus, "
                    f"config: {{bind: '127.0.0.1:{self.metrics_port}'{more}}}}}")
        return self.broker(plugins=(STORE, exporter, *plugins), **options)

    def scrape(self, path="/metrics"):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}{path}", timeout=PATIENCE_S) as answer:
            return answer.read().decode()

    def value(self, series):
        """What one series stands at; labels as they are written."""
        found = re.search(rf"^{re.escape(series)} (\S+)$", self.scrape(), re.MULTILINE)
        self.assertIsNotNone(found, f"there is no {series}")
        return float(found.group(1))

    def becomes(self, series, value):
        wait_for(lambda: self.value(series) == value, f"{series} to become {value}")


class Exporter(MetricsTest):
    def test_what_clients_do_is_counted(self):
        other = free_port()
        broker = self.exporting(listener=f"anonymous: allow}}\n  - {{name: other, bind: 127.0.0.1:{other}, anonymous: allow")
        reader = self.client(broker, "reader", clean=False)
        reader.connect()
        reader.subscribe("t/#", 1)
        writer = Client(other, "writer")
        self.addCleanup(writer.close)
        writer.connect()
        for qos in (0, 1, 2):
            writer.publish("t/1", b"x", qos)
        reader.run_until(lambda: len(reader.messages) == 3, "three messages")
        for qos in (0, 1, 2):
            self.becomes(f'mortise_messages_received_total{{qos="{qos}"}}', 1)
        self.becomes('mortise_messages_delivered_total{qos="0"}', 1)
        reader.run_until(lambda: self.value('mortise_messages_delivered_total{qos="1"}') == 2, "two acknowledged deliveries")
        self.assertEqual(self.value('mortise_connections{listener="local"}'), 1)
        self.assertEqual(self.value('mortise_connections{listener="other"}'), 1)
        self.assertEqual(self.value("mortise_sessions"), 2)
        self.assertEqual(self.value("mortise_subscriptions"), 1)
        for direction, heard, silent in (("received", "other", "local"), ("delivered", "local", "other")):
            name = f"mortise_listener_messages_{direction}_total"
            counts = lambda listener: [self.value(f'{name}{{listener="{listener}",qos="{qos}"}}') for qos in (0, 1, 2)]
            self.assertEqual(counts(heard), [1, 1, 1] if direction == "received" else [1, 2, 0])
            self.assertEqual(counts(silent), [0, 0, 0])
        for listener in ("local", "other"):
            self.assertGreater(self.value(f'mortise_received_bytes_total{{listener="{listener}"}}'), 30)
            self.assertGreater(self.value(f'mortise_sent_bytes_total{{listener="{listener}"}}'), 7)
        self.assertGreater(self.value("mortise_store_commit_batches_count"), 0)
        self.assertGreater(self.value('mortise_loop_turn_seconds_count{loop="0"}'), 0)
        reader.disconnect()
        self.becomes('mortise_connections{listener="local"}', 0)
        self.becomes("mortise_sessions_connected", 1)
        self.assertEqual(self.value("mortise_sessions"), 2)
        self.assertGreaterEqual(self.value('mortise_connections_accepted_total{listener="local"}'), 1)
        self.assertEqual(self.value('mortise_connections_accepted_total{listener="other"}'), 1)

    def test_the_readme_names_all_there_are(self):
        self.exporting(plugins=("{name: sys, library: sys-topics}", self.bridge()))
        shown = exposed(self.scrape())
        kernel = {f"mortise_{name}": kind for name, kind in kernel_figures()}
        self.assertEqual({name: kind for name, kind in documented().items() if name in kernel}, kernel)
        self.assertEqual({name: kind for name, kind in documented().items() if name not in kernel},
                         {name: kind for name, kind in shown.items() if name not in kernel})
        self.assertEqual({name: kind for name, kind in kernel.items() if name in shown},
                         {name: kind for name, kind in shown.items() if name in kernel})

    def bridge(self):
        return (f"{{name: bridge, library: bridge-mqtt, config: {{links: [{{name: up, addresses: ['127.0.0.1:{free_port()}'], "
                "client_id: edge, out: [{topics: ['#']}]}]}}")

    def test_the_kernel_has_no_figure_that_is_never_shown(self):
        self.exporting()
        names = kernel_figures()
        self.assertGreater(len(names), 40)
        shown = exposed(self.scrape())
        # No plugin here has hooks of clients.
        self.assertEqual([name for name, _ in names if f"mortise_{name}" not in shown and not name.startswith("plugin_hook_")],
                         [])

    def test_promtool_has_nothing_to_say_against_them(self):
        self.exporting(plugins=("{name: sys, library: sys-topics}", self.bridge()))
        self.assertEqual(prometheus.lint(prometheus.fetched(PROMETHEUS), self.scrape()), "")
        self.assertIn("mortise_x", prometheus.lint(prometheus.fetched(PROMETHEUS), "# TYPE mortise_x counter\nmortise_x 1\n"),
                      "promtool lets everything pass")

    def test_strangers_do_no_harm(self):
        broker = self.exporting(more=", timeout: 1s, connections: 8")
        for garbage in (b"\x00" * 1000, b"\x16\x03\x01\x02", b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * 50_000):
            with socket.create_connection(("127.0.0.1", self.metrics_port), timeout=10) as stranger:
                try:
                    stranger.sendall(garbage)
                    while stranger.recv(65536):
                        pass
                except OSError:
                    pass  # it hung up
        slow = []
        for _ in range(4):
            slow.append(socket.create_connection(("127.0.0.1", self.metrics_port), timeout=PATIENCE_S))
            slow[-1].sendall(b"GET /met")
        for one in slow:
            self.assertTrue(one.recv(100).startswith(b"HTTP/1.1 408 "))
            one.close()
        wait_for(self.can_scrape, "a scrape to get in")
        with self.assertRaises(urllib.error.HTTPError) as other:
            self.scrape("/other")
        self.assertEqual(other.exception.code, 404)
        self.assertEqual(broker.stop(), 0)

    def can_scrape(self):
        try:
            return "mortise_sessions 0" in self.scrape()
        except OSError:
            return False

    def test_a_port_that_is_taken_is_told(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            broker = self.broker(start=False, plugins=(
                f"{{name: metrics, library: metrics-prometheus, config: {{bind: '127.0.0.1:{port}'}}}}",))
            with self.assertRaises(AssertionError) as ended:
                broker.start()
        self.assertRegex(str(ended.exception), rf"mortise.yaml:\d+:\d+ .*cannot listen on 127.0.0.1:{port}")


class Scraped(MetricsTest):
    def test_a_real_prometheus_reads_all_of_it(self):
        broker = self.exporting()
        server = prometheus.Prometheus(prometheus.fetched(PROMETHEUS), free_port(), self.metrics_port)
        self.addCleanup(server.close)
        server.start()
        client = self.client(broker, "c")
        client.connect()
        wait_for(lambda: [value for _, value in server.query("up")] == [1], "a scrape")
        wait_for(lambda: [value for _, value in server.query("mortise_sessions_connected")] == [1], "the client to be seen")
        shown = exposed(self.scrape())
        known = server.metadata()
        self.assertEqual({name: known[name][0] for name in shown}, shown)
        wait_for(lambda: len(server.query("mortise_loop_turn_seconds_bucket")) == 13,
                 "twelve bounds, and what is above them")
        wait_for(lambda: server.query("histogram_quantile(0.99, mortise_loop_turn_seconds_bucket)"), "a quantile")

    def test_prometheus_understands_every_expression_of_the_dashboard(self):
        self.exporting()
        server = prometheus.Prometheus(prometheus.fetched(PROMETHEUS), free_port(), self.metrics_port)
        self.addCleanup(server.close)
        server.start()
        for expression in expressions():
            server.query(expression.replace("$__rate_interval", "1m").replace("$instance", ".*"))  # or it raises


def expressions():
    """Every expression of the dashboard's panels."""
    dashboard = json.loads(DASHBOARD.read_text())
    return [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())]


class Dashboard(unittest.TestCase):
    def test_each_expression_names_metrics_that_exist(self):
        known = {}
        for name, kind in documented().items():
            for suffix in ("_bucket", "_sum", "_count") if kind == "histogram" else ("",):
                known[name + suffix] = kind
        found = expressions()
        self.assertGreater(len(found), 15)
        for expression in found:
            names = set(re.findall(r"\bmortise_\w+", expression))
            self.assertTrue(names, f"no metric in: {expression}")
            self.assertEqual(names - set(known), set(), f"unknown in: {expression}")
            for name in names:
                rate = re.search(rf"\b(rate|increase)\([^)]*{name}\b", expression)
                self.assertEqual(bool(rate), known[name] != "gauge", f"{name} is a {known[name]} in: {expression}")

    def test_panels_do_not_overlap_and_have_titles(self):
        dashboard = json.loads(DASHBOARD.read_text())
        taken = set()
        for panel in dashboard["panels"]:
            self.assertTrue(panel["title"])
            place = panel["gridPos"]
            cells = {(x, y) for x in range(place["x"], place["x"] + place["w"])
                     for y in range(place["y"], place["y"] + place["h"])}
            self.assertFalse(cells & taken, f"{panel['title']} lies on another panel")
            self.assertLessEqual(place["x"] + place["w"], 24)
            taken |= cells
        self.assertEqual(len({panel["id"] for panel in dashboard["panels"]}), len(dashboard["panels"]))


class SysTopics(BrokerTest):
    def test_they_say_what_the_broker_counts(self):
        broker = self.broker(plugins=("{name: sys, library: sys-topics, config: {interval: 1s}}",))
        reader = self.client(broker, "reader")
        reader.connect()
        reader.subscribe("$SYS/broker/#")
        latest = {}

        def heard():
            for message in reader.messages:
                latest[message.topic.removeprefix("$SYS/broker/")] = message.payload.decode()
            return latest

        reader.run_until(lambda: heard().get("clients/connected") == "1", "the reader to be counted")
        reader.run_until(lambda: heard().get("subscriptions/count") == "1", "its subscription to be counted")
        self.assertRegex(latest["version"], r"^mortise version \d+\.\d+\.\d+$")
        self.assertRegex(latest["uptime"], r"^\d+ seconds$")
        before = int(latest["publish/messages/received"])
        writer = self.client(broker, "writer")
        writer.connect()
        sent = [writer.paho.publish("t", b"x", 1) for _ in range(500)]
        writer.run_until(lambda: all(one.is_published() for one in sent), "500 messages to be taken")
        reader.run_until(lambda: int(heard()["publish/messages/received"]) >= before + 500, "500 messages to be counted")
        reader.run_until(lambda: float(heard()["load/publish/received/1min"]) > 0, "a load")
        self.assertEqual(heard()["clients/total"], "2")
        late = self.client(broker, "late")
        late.connect()
        late.subscribe("$SYS/broker/version")
        late.run_until(lambda: late.messages, "the retained version")
        self.assertTrue(late.messages[0].retain)
        late.subscribe("#")
        late.run_until(lambda: late.subscribed, "the subscription")
        self.assertEqual([message.topic for message in late.messages[1:] if message.topic.startswith("$SYS/broker/clients")],
                         [], "a wildcard in front does not match $-topics")


if __name__ == "__main__":
    unittest.main(verbosity=2)
