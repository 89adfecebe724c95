"""interop_test.py CLIENT [WORD…]: the cases of one client by version and transport, on the real broker; WORDs choose tests."""

import importlib
import pathlib
import secrets
import shutil
import sys
import tempfile
import unittest

import cases
import certificates
import harness
from interop import EXPIRY_S, TRANSPORTS, VERSIONS, Message

SKIPPED = 77  # CMakeLists.txt tells CTest


class InteropTest(harness.BrokerTest):
    """One client with one version over one transport. The client speaks through the broker to itself."""

    peer = version = transport = authority = None

    def setUp(self):
        transport = TRANSPORTS[self.transport]
        self.running = self.broker(plugins=(harness.STORE, *transport.plugins(self.authority)),
                                   listener=transport.listener(self.authority))
        self.ids = 0

    def words(self, client_id=None, clean=True):
        self.ids += 1
        words = TRANSPORTS[self.transport].words(self.running.port, self.authority)
        return words | {"version": self.version, "id": client_id or f"client-{self.ids}", "clean": int(clean)}

    def subscriber(self, topic, qos=0, client_id=None, clean=True, identifier=None, will=None):
        words = self.words(client_id, clean) | {"topic": topic, "qos": qos}
        if self.version == 5 and not clean:
            words["expiry"] = EXPIRY_S
        if identifier is not None:
            words["identifier"] = identifier
        if will is not None:
            words |= {"will_topic": will.topic, "will_payload": will.payload.decode(), "will_qos": will.qos}
        subscriber = self.peer.subscriber(words)
        self.addCleanup(subscriber.kill)
        return subscriber

    def publish(self, messages):
        self.peer.publish(self.words(), messages)

    def expect_nothing_more(self, reader, topic):
        """What is published now is the next that comes."""
        self.publish([Message(topic, b"marker", 1)])
        self.assertEqual(reader.receive(1), [Message(topic, b"marker", 1)])

    def run_case(self, case):
        case(self)
        self.assertEqual(self.running.stop(), 0)


def test_of(case):
    return lambda self: self.run_case(case)


def test_classes(client):
    """A class for each version and transport, with a test for each case."""
    for version in client.versions:
        for transport in client.transports:
            rows = (cases.CASES | client.more_cases).items()
            members = {f"test_{case.__name__}": test_of(case) for case, oldest in rows if version >= oldest}
            members |= {"peer": client, "version": version, "transport": transport, "authority": InteropTest.authority}
            yield type(f"MQTT {VERSIONS[version]} over {transport}", (InteropTest,), members)


def main():
    client = importlib.import_module(sys.argv[1]).CLIENT
    try:
        client.check()
    except AssertionError as missing:
        sys.exit(f"interop_test.py: {missing}")
    except unittest.SkipTest as missing:
        print(f"interop_test.py: skipped: {missing}")
        return SKIPPED
    folder = pathlib.Path(tempfile.mkdtemp(prefix="mortise-interop-"))
    try:
        InteropTest.authority = authority = certificates.Authority(folder)
        authority.server = authority.issue("server", "broker.example")
        authority.device = authority.issue("device", "device-1")
        authority.psk = ("device-1", secrets.token_hex(32))
        authority.psk_file = harness.key_file(folder / "psk.yaml", dict([authority.psk]))
        tests = [test for one in test_classes(client) for test in unittest.defaultTestLoader.loadTestsFromTestCase(one)]
        suite = unittest.TestSuite(test for test in tests if all(word in test.id() for word in sys.argv[2:]))
        client.begin(authority)
        try:
            outcome = unittest.TextTestRunner(verbosity=2).run(suite)
        finally:
            client.finish()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0 if outcome.wasSuccessful() and outcome.testsRun else 1


if __name__ == "__main__":
    sys.exit(main())
