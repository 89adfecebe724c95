"""What every client has to do, one function a case; each runs on a broker of its own for each version and transport.

A case gets the test: test.subscriber(…) and test.publish(…) are the client under test, test.running the broker.
"""

import os

from interop import EXPIRY_S, Message

MEBIBYTE = 1 << 20
MANY = 1000


def every_qos_reaches_every_subscription(test):
    readers = {qos: test.subscriber("qos/#", qos) for qos in range(3)}
    test.publish([Message(f"qos/{qos}", b"x", qos) for qos in range(3)])
    for wanted, reader in readers.items():
        test.assertEqual(reader.granted, wanted)
        heard = sorted((message.topic, message.qos) for message in reader.receive(3))
        test.assertEqual(heard, [(f"qos/{sent}", min(sent, wanted)) for sent in range(3)])


def a_retained_message_is_kept_replaced_and_removed(test):
    for payload in (b"old", b"new"):
        test.publish([Message("kept", payload, 1, retain=True)])
    reader = test.subscriber("kept", 1)
    test.assertEqual(reader.receive(1), [Message("kept", b"new", 1, retain=True)])
    test.publish([Message("kept", b"live", 1, retain=True)])
    test.assertEqual(reader.receive(1), [Message("kept", b"live", 1)])  # a new message is not "retained" to subscribers
    test.publish([Message("kept", b"", 1, retain=True)])
    test.assertEqual(reader.receive(1), [Message("kept", b"", 1)])
    late = test.subscriber("kept", 1)
    test.expect_nothing_more(late, "kept")


def a_will_is_published_when_the_client_dies_and_only_then(test):
    watcher = test.subscriber("wills/#", 2)
    for number, end in enumerate(("close", "kill")):
        will = Message(f"wills/{end}", b"gone", 1)
        getattr(test.subscriber("unused", client_id=f"victim-{number}", will=will), end)()
        if end == "kill" or test.peer.publishes_will_on_close(test.version):
            test.assertEqual(watcher.receive(1), [will])
    test.expect_nothing_more(watcher, "wills/marker")


def a_session_and_a_retained_message_outlive_a_killed_broker(test):
    first = test.subscriber("queue/#", 2, client_id="sleeper", clean=False)
    test.assertIn(first.present, (False, None))
    first.close()
    sent = [Message(f"queue/{qos}", f"{number}".encode(), qos) for qos in (1, 2) for number in range(5)]
    test.publish([*sent, Message("kept", b"retained", 1, retain=True)])
    test.running.kill()
    test.running.start()
    again = test.subscriber("queue/#", 2, client_id="sleeper", clean=False)
    heard = again.receive(len(sent))  # a library may hand over QoS 2 at PUBLISH or at PUBREL: order is within a QoS
    test.assertEqual(sorted(heard, key=lambda message: message.qos), sent)
    test.assertIn(again.present, (True, None))
    test.expect_nothing_more(again, "queue/marker")
    test.assertEqual(test.subscriber("kept", 1).receive(1), [Message("kept", b"retained", 1, retain=True)])


def properties_arrive_as_they_were_sent(test):
    """MQTT 5.0 only. User properties keep their order, one name may come twice.  [MQTT-3.3.2-18]"""
    reader = test.subscriber("five/#", 1, identifier=268435455)
    sent = Message("five/all", "äöü ☃".encode(), 1, content_type="text/plain; charset=utf-8", response_topic="five/answers",
                   correlation_data=test.peer.correlation_data, user_properties=test.peer.user_properties,
                   expiry_s=EXPIRY_S, payload_format=1)
    test.publish([sent, Message("five/none", b"x", 1)])
    heard, bare = reader.receive(2)
    test.assertTrue(EXPIRY_S - 60 <= heard.expiry_s <= EXPIRY_S, heard.expiry_s)  # what is left of it
    for member in ("topic", "payload", "qos", "retain", "content_type", "response_topic", "correlation_data",
                   "user_properties", "payload_format"):
        test.assertEqual(getattr(heard, member), getattr(sent, member), member)
    test.assertEqual(heard.subscription_identifiers, (268435455,))
    test.assertEqual(bare, Message("five/none", b"x", 1, subscription_identifiers=(268435455,)))


def a_mebibyte_arrives_unharmed(test):
    reader = test.subscriber("large", 2)
    for qos in range(3):
        payload = os.urandom(MEBIBYTE)
        test.publish([Message("large", payload, qos)])
        heard = reader.receive(1)[0]
        test.assertTrue(heard.payload == payload, f"QoS {qos}: {len(heard.payload)} bytes, or others")


def a_thousand_messages_arrive_in_order(test):
    reader = test.subscriber("many", 1)
    test.publish([Message("many", f"{number}".encode(), 1) for number in range(MANY)])
    heard = [int(message.payload) for message in reader.receive(MANY)]
    test.assertEqual(heard, list(range(MANY)))


# the case, and the oldest version that knows what it is about
CASES = {
    every_qos_reaches_every_subscription: 3,
    a_retained_message_is_kept_replaced_and_removed: 3,
    a_will_is_published_when_the_client_dies_and_only_then: 3,
    a_session_and_a_retained_message_outlive_a_killed_broker: 3,
    properties_arrive_as_they_were_sent: 5,
    a_mebibyte_arrives_unharmed: 3,
    a_thousand_messages_arrive_in_order: 3,
}
