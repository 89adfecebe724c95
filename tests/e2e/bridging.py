"""What the tests of bridge-mqtt have in common: a broker with links, its log, and who is at the other end."""

import contextlib
import json
import os

import harness
import mosquitto
from harness import STORE, BrokerTest, free_port, wait_for

MOSQUITTO = os.environ.get("MORTISE_MOSQUITTO", ".build/mosquitto")


def bridge(*links):
    return "{name: bridge, library: bridge-mqtt, config: {links: [" + ", ".join(links) + "]}}"


def link(port, name="up", out="[{topics: ['#'], local_prefix: 'o/', qos: 2}]",
         into="[{topics: ['#'], remote_prefix: 'i/', qos: 2}]", more=""):
    routes = "".join(f", {key}: {value}" for key, value in (("out", out), ("in", into)) if value)
    ports = port if isinstance(port, (list, tuple)) else [port]
    addresses = ", ".join(f"'127.0.0.1:{one}'" for one in ports)
    return (f"{{name: {name}, addresses: [{addresses}], client_id: edge-{name}, "
            f"reconnect: {{first: 50ms, longest: 500ms}}{routes}{', ' if more else ''}{more}}}")


class BridgeTest(BrokerTest):
    def edge(self, *links, start=True, **options):
        """A broker with these links; its log is at info and for machines."""
        edge = self.broker(start=False, plugins=(STORE, bridge(*links)), **options)
        return self.logging(edge) if not start else self.logging(edge).start()

    def logging(self, edge):
        edge.log_entry = (harness.LOG % ("info", "")).replace("format: text", "format: json")
        edge.configure("threads: 1")
        return edge

    def mosquitto(self, **options):
        remote = mosquitto.Mosquitto(mosquitto.fetched(MOSQUITTO), free_port(), **options)
        self.addCleanup(remote.close)
        self.addCleanup(lambda: self.failed() and print(f"--- Mosquitto said:\n{remote.said()[-6000:]}"))
        return remote.start()

    def log(self, edge):
        """The lines of its log; the last may be half written."""
        lines = []
        for line in edge.log_file.read_text(errors="replace").splitlines() if edge.log_file.exists() else []:
            with contextlib.suppress(ValueError):
                lines.append(json.loads(line))
        return lines

    def count(self, edge, event, *words):
        return sum(line["event"] == event and all(word in json.dumps(line) for word in words) for line in self.log(edge))

    def connected(self, edge, count=1, name="up"):
        """Waits until a link has connected so many times."""
        wait_for(lambda: self.count(edge, "bridge.connected", f'"{name}"') >= count, f"connection {count} of link {name}")

    def logged(self, edge, event, *words, count=1):
        wait_for(lambda: self.count(edge, event, *words) >= count, f"a log line {event} with {words}")

    def state(self, edge, name="up"):
        """The retained state of a link."""
        reader = self.client(edge)
        reader.connect()
        reader.subscribe(f"$SYS/broker/bridge/bridge/{name}")
        reader.run_until(lambda: reader.messages, "the state of the link")
        state = json.loads(reader.messages[0].payload)
        reader.disconnect()
        return state

    def collector(self, broker, topic, qos=2, client_id="collector"):
        """A persistent subscriber."""
        client = self.client(broker, client_id, clean=False)
        client.connect()
        client.subscribe(topic, qos)
        return client
