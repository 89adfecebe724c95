"""MQTT.js in a page of Chromium: the browser's own WebSocket, and its word about origins.

One browser for the whole run, without a window and with nothing to reach but loopback. Its page (page/hub.html) makes a
frame for each client; a client dies when its frame is taken away. A server here hands out the pages, the lines to
publish, and takes what the clients say.
"""

import base64
import collections
import contextlib
import hashlib
import http.server
import itertools
import json
import os
import pathlib
import queue
import shutil
import signal
import subprocess
import tempfile
import threading
import unittest
import urllib.parse

import harness
from harness import PATIENCE_S
from interop import TRANSPORTS, Client, Subscriber, message_line

PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser")
HERE = pathlib.Path(__file__).parent
PAGES = {
    "/hub.html": (HERE / "page" / "hub.html", "text/html"),
    "/client.html": (HERE / "page" / "client.html", "text/html"),
    "/client.js": (HERE / "page" / "client.js", "text/javascript"),
    "/packets.js": (HERE / "node" / "packets.js", "text/javascript"),
}
ORDER_WAIT_S = 5  # how long the page's question for orders is kept open


def key_of(certificate):
    """What Chromium calls a certificate it is to take without knowing who issued it."""
    public = subprocess.run(["openssl", "x509", "-in", certificate, "-noout", "-pubkey"], check=True, capture_output=True)
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "der"], input=public.stdout, check=True, capture_output=True)
    return base64.b64encode(hashlib.sha256(der.stdout).digest()).decode()


class Asked(http.server.BaseHTTPRequestHandler):
    """A question of the page's; `hub` is the Hub."""

    protocol_version = "HTTP/1.1"
    hub = None

    def answer(self, body=b"", kind="text/plain"):
        self.send_response(200)
        for name, value in (("Content-Type", f"{kind}; charset=utf-8"), ("Content-Length", str(len(body))),
                            ("Cache-Control", "no-store")):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def client(self):
        query = urllib.parse.parse_qs(urllib.parse.urlparse(self.path).query)
        return self.hub.clients.get(int(query["client"][0]))

    def do_GET(self):
        path = urllib.parse.urlparse(self.path).path
        if path in self.hub.pages:
            file, kind = self.hub.pages[path]
            self.answer(file.read_bytes(), kind)
        elif path == "/order":
            self.answer(json.dumps(self.hub.next_order()).encode(), "application/json")
        elif path == "/lines":
            client = self.client()
            self.answer(client.lines.encode() if client else b"")
        else:
            self.send_error(404)

    def do_POST(self):
        said = self.rfile.read(int(self.headers["Content-Length"])).decode()
        client = self.client()
        if client:
            client.hear(said.split("\n"))
        self.answer()

    def log_message(self, *_):
        """What goes well needs no line."""


class Hub:
    """The browser, and the server it asks."""

    def __init__(self, program, modules, authority):
        self.clients, self.numbers, self.orders = {}, itertools.count(1), queue.Queue()
        self.pages = PAGES | {"/mqtt.min.js": (modules / "mqtt" / "dist" / "mqtt.min.js", "text/javascript")}
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("AskedOfHub", (Asked,), {"hub": self}))
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()
        self.origin = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.folder = tempfile.mkdtemp(prefix="mortise-chromium-")
        self.output = open(pathlib.Path(self.folder, "output"), "wb")
        self.browser = subprocess.Popen(
            [program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", f"--user-data-dir={self.folder}/profile",
             "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--remote-debugging-port=0",
             f"--ignore-certificate-errors-spki-list={key_of(authority.server[0])}", f"{self.origin}/hub.html"],
            stdin=subprocess.DEVNULL, stdout=self.output, stderr=subprocess.STDOUT, start_new_session=True)

    def next_order(self):
        try:
            return self.orders.get(timeout=ORDER_WAIT_S)
        except queue.Empty:
            return {}

    def order(self, what, number, **more):
        self.orders.put({"what": what, "client": number, **more})

    def open(self, client, words):
        number = next(self.numbers)
        self.clients[number] = client
        self.order("open", number, words={name: str(value) for name, value in words.items()} | {"client": str(number)})
        return number

    def forget(self, number):
        self.order("remove", number)
        self.clients.pop(number, None)

    def close(self):
        self.server.handle_error = lambda *_: None  # its connections end without a word
        # Debian's program is a shell script around the browser, which has more processes: all are of one group.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.browser.pid, signal.SIGKILL)
        self.browser.wait(PATIENCE_S)
        self.server.shutdown()
        self.server.server_close()
        self.output.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class Frame(Subscriber):
    """A client of the page; what it says are the lines of a program. `lines` are those it is to publish."""

    def __init__(self, hub, words, lines=""):  # not Subscriber's own, which starts a program
        self.hub, self.lines, self.command = hub, lines, [f"{name}={value}" for name, value in words.items()]
        self.changed = threading.Condition()
        self.messages, self.granted, self.present, self.ended = collections.deque(), None, None, False
        self.other_lines, self.failed, self.gone = collections.deque(maxlen=40), False, False
        self.number = hub.open(self, words)

    def hear(self, lines):
        with self.changed:
            for line in lines:
                self.on_line(line)
                self.failed = self.failed or line.startswith("failed")
                self.ended = self.ended or self.failed or line == "ended"
            self.changed.notify_all()

    def wait_until_done(self):
        with self.changed:
            self.changed.wait_for(lambda: self.ended, 3 * PATIENCE_S)
            said = "\n".join(self.other_lines)
        self.kill()
        if self.failed or not self.ended:
            raise AssertionError(f"{' '.join(self.command)}: the client in the page did not end well; it said:\n{said}")

    def kill(self):
        if not self.gone:
            self.gone = True
            self.hub.forget(self.number)

    def close(self):
        self.hub.order("end", self.number)
        self.wait_until_done()


def a_page_of_another_origin_is_refused(test):
    """The browser says where the page is from; the listener's origins decide."""
    for origin, is_admitted in ((test.peer.hub.origin, True), ("https://panel.example", False)):
        listener = TRANSPORTS[test.transport].listener(test.authority).replace(
            "{path: /mqtt}", "{path: /mqtt, origins: [\"" + origin + "\"]}")
        broker = test.broker(listener=listener)
        words = test.words() | {"port": broker.port, "topic": "a", "qos": 0}
        if is_admitted:
            test.peer.subscriber(words).close()
        else:
            with test.assertRaises(AssertionError):
                test.peer.subscriber(words)
            said = "the origin is not among the listener's websocket.origins"
            harness.wait_for(lambda: said in broker.log_file.read_text(), "a line about the origin")


class Chromium(Client):
    # MQTT.js keeps them in an object by name, so values of one name are sent and told together.
    user_properties = (("b", "1"), ("b", "3"), ("a", "2"), ("ü", ""))
    more_cases = {a_page_of_another_origin_is_refused: 4}
    program = hub = None

    def check(self):
        self.program = next(filter(None, map(shutil.which, PROGRAMS)), None)
        if not self.program:
            raise unittest.SkipTest(f"no browser is here; Debian's package is {PROGRAMS[0]}")
        self.modules = pathlib.Path(os.environ["NODE_PATH"])
        if not (self.modules / "mqtt" / "dist").is_dir():
            raise AssertionError(f"MQTT.js is not in {self.modules}: ./dev test puts it there with npm ci, which needs its "
                                 "registry the first time")

    def begin(self, authority):
        self.hub = Hub(self.program, self.modules, authority)

    def finish(self):
        self.hub.close()

    def subscriber(self, words):
        return Frame(self.hub, words | {"role": "subscribe"}).wait_for_subscription()

    def publish(self, words, messages):
        lines = "\n".join(message_line(message) for message in messages)
        Frame(self.hub, words | {"role": "publish"}, lines).wait_until_done()


CLIENT = Chromium([], versions=(4, 5), transports=("websocket", "websocket_tls"))
