#!/usr/bin/python3
"""Listeners beyond plain TCP: WebSocket, Unix sockets, PROXY headers, sockets that were passed."""

import os
import socket
import stat
import subprocess
import sys
import unittest

import paho.mqtt.client as paho

from harness import PATIENCE_S, PROGRAM, BrokerTest, Client, free_port, wait_for

# Does what systemd does before it starts a service: the socket is descriptor 3, the variables tell of it.
ACTIVATE = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1", LISTEN_FDNAMES=sys.argv[2])
os.execv(sys.argv[3], sys.argv[3:])
"""


def more_listeners(*flow):
    """For Broker(listener=…): the first one stays plain TCP."""
    return "anonymous: allow" + "".join(f"}}\n  - {{{text}, anonymous: allow" for text in flow)


class WebSocketClient:
    """paho over WebSocket, driven by its own thread."""

    def __init__(self, port, version=paho.MQTTv311, path="/mqtt"):
        self.connected, self.messages = [], []
        self.client = paho.Client(protocol=version, transport="websockets")
        self.client.ws_set_options(path=path)
        self.client.on_connect = lambda *words: self.connected.append(words[3])
        self.client.on_message = lambda _client, _data, message: self.messages.append(message)
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        wait_for(lambda: self.connected, "the CONNACK over WebSocket")

    def subscribe(self, topic):
        done = []
        self.client.on_subscribe = lambda *_: done.append(True)
        self.client.subscribe(topic, 1)
        wait_for(lambda: done, "the SUBACK over WebSocket")

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()


def mosquitto(program, path, *words):
    return subprocess.run([program, "--unix", str(path), *words], capture_output=True, text=True, timeout=PATIENCE_S)


class Transports(BrokerTest):
    def test_paho_over_websocket_talks_to_mosquitto_over_tcp(self):
        port = free_port()
        broker = self.broker(listener=more_listeners(f"name: web, bind: 127.0.0.1:{port}, transport: websocket"))
        for version in (paho.MQTTv311, paho.MQTTv5):
            over_web = WebSocketClient(port, version)
            self.addCleanup(over_web.close)
            over_web.subscribe("to/web")
            payloads = [b"small", os.urandom(200_000)]
            plain = self.client(broker, "plain").connect()
            plain.subscribe("to/plain")
            for payload in payloads:
                plain.publish("to/web", payload, qos=1)
                over_web.client.publish("to/plain", payload, qos=1)
            wait_for(lambda: len(over_web.messages) == 2, "both messages over WebSocket")
            plain.run_until(lambda: len(plain.messages) == 2, "both messages over TCP")
            for messages in (over_web.messages, plain.messages):
                self.assertEqual([message.payload for message in messages], payloads)
            plain.disconnect()

    def test_a_browser_is_told_what_listens_there(self):
        port = free_port()
        self.broker(listener=more_listeners(
            f"name: web, bind: 127.0.0.1:{port}, transport: websocket, websocket: {{path: /broker}}"))
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as browser:
            browser.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            page = b"".join(iter(lambda: browser.recv(4096), b""))
        self.assertTrue(page.startswith(b"HTTP/1.1 426 Upgrade Required\r\n"), page)
        self.assertIn(b"its path is /broker", page)

    def test_a_health_check_is_no_warning_and_broken_bytes_are(self):
        port = free_port()
        broker = self.broker(log="info", listener=more_listeners(f"name: web, bind: 127.0.0.1:{port}, transport: websocket"))
        for words in (b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", b"HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n",
                      b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x00\x00\x01p"):
            with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as stranger:
                stranger.sendall(words)
                for _ in iter(lambda: stranger.recv(4096), b""):
                    pass

        def levels(part):
            return [line.split()[2] for line in broker.log_file.read_text().splitlines() if part in line]
        wait_for(lambda: levels("a plain MQTT packet"), "the line about broken bytes")
        self.assertEqual(levels("a plain MQTT packet"), ["warning"])
        self.assertEqual(levels("asks for no upgrade"), ["info"])
        self.assertEqual(levels("is not GET"), ["info"])

    def test_mosquitto_talks_over_a_unix_socket(self):
        broker = self.broker(listener=more_listeners('name: local-file, bind: unix:mqtt.sock, mode: "0600"'))
        path = broker.folder / "mqtt.sock"
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
        self.assertEqual(mosquitto("mosquitto_pub", path, "-t", "kept", "-m", "by file", "-q", "1", "-r").returncode, 0)
        heard = mosquitto("mosquitto_sub", path, "-t", "kept", "-C", "1", "-W", "10")
        self.assertEqual(heard.stdout, "by file\n", heard.stderr)
        broker.stop()
        self.assertFalse(path.exists())

    def test_a_unix_socket_of_a_broker_that_was_killed_is_replaced(self):
        broker = self.broker(listener=more_listeners("name: local-file, bind: unix:mqtt.sock"))
        path = broker.folder / "mqtt.sock"
        broker.kill()
        self.assertTrue(path.exists())
        broker.start()
        self.assertEqual(mosquitto("mosquitto_pub", path, "-t", "a", "-m", "b").returncode, 0)

    def test_a_client_behind_a_proxy_is_known_by_its_own_address(self):
        port = free_port()
        broker = self.broker(log="info", listener=more_listeners(
            f"name: proxied, bind: 127.0.0.1:{port}, proxy_protocol: required, proxies: [127.0.0.1]"))
        connect = b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x00\x00\x01p"
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as proxy:
            proxy.sendall(b"PROXY TCP4 203.0.113.9 127.0.0.1 50122 1883\r\n" + connect)
            self.assertEqual(proxy.recv(4), b"\x20\x02\x00\x00")
            wait_for(lambda: "203.0.113.9:50122" in broker.log_file.read_text(), "the client's address in the log")
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as without:
            without.sendall(connect)
            self.assertEqual(without.recv(4), b"")
        wait_for(lambda: "proxy_protocol is required" in broker.log_file.read_text(), "the refusal in the log")

    # ---- sockets that were passed

    def activated(self, bind, listening=None, name="mqtt"):
        """A broker that was passed this socket as descriptor 3, or none; not waited for."""
        broker = self.broker(start=False, listener=more_listeners(f"name: passed, bind: {bind}"))
        descriptors = [listening.fileno()] if listening else []
        broker.wrapper = [sys.executable, "-c", ACTIVATE, str(descriptors[0]), name] if listening else []
        broker.output = open(broker.folder / "output", "ab")
        broker.process = subprocess.Popen(broker.command(), pass_fds=descriptors, stdin=subprocess.DEVNULL,
                                          stdout=broker.output, stderr=subprocess.STDOUT)
        return broker

    def listening(self):
        listening = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listening.close)
        return listening

    def test_a_passed_socket_is_served(self):
        for bind in ("systemd", "systemd:mqtt"):
            listening = self.listening()
            broker = self.activated(bind, listening)
            broker.port = listening.getsockname()[1]
            self.client(broker, "early").connect().disconnect()  # it waits in the socket until the broker is there
            self.assertEqual(broker.stop(), 0)

    def test_a_passed_socket_outlives_reloads_that_are_refused_and_its_own_listener(self):
        listening = self.listening()
        broker = self.activated("systemd:mqtt", listening)
        port, passed = listening.getsockname()[1], broker.listener
        lives = lambda: Client(port, "somebody").connect().disconnect()
        reload = lambda: subprocess.run([PROGRAM, "ctl", "--state-dir", str(broker.state), "reload"], check=False,
                                        capture_output=True, text=True, timeout=3 * PATIENCE_S)
        lives()
        stays = Client(port, "stays")
        self.addCleanup(stays.close)
        stays.connect()
        for refused in ("{", "unknown_key: 1}", "bind: 127.0.0.1:99999}"):
            broker.listener = passed + "}\n  - {name: wrong, anonymous: allow, " + refused.rstrip("}")
            broker.configure("threads: 1")
            self.assertEqual(reload().returncode, 1)
            lives()
        broker.listener = passed + ", maximum_qos: 1"
        broker.configure("threads: 1")
        self.assertEqual(reload().returncode, 0)
        lives()
        stays.publish("a", "still here", 1)
        broker.listener = "anonymous: allow"  # it goes, and comes again
        broker.configure("threads: 1")
        self.assertEqual(reload().returncode, 0)
        stays.run_until(lambda: stays.disconnected, "the end of who came by it")
        broker.listener = passed
        broker.configure("threads: 1")
        done = reload()
        self.assertEqual(done.returncode, 0, done.stderr)
        lives()
        self.assertEqual(broker.stop(), 0)

    def test_a_socket_that_was_not_passed_is_named(self):
        for broker, says in (
                (self.activated("systemd:tls", self.listening()),
                 'no socket of the name "tls" was passed, only: mqtt'),
                (self.activated("systemd"), "no socket was passed to this process")):
            self.assertNotEqual(broker.process.wait(PATIENCE_S), 0)
            broker.output.close()
            self.assertIn(says, broker.said())


if __name__ == "__main__":
    unittest.main()
