"""Paho for Python: the program (interop.py has its rules), and what it can do."""

import sys

import paho.mqtt.client as paho
from interop import Client, Message, message_line, read_message
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

CLIENT = Client([sys.executable, __file__], versions=(3, 4, 5),
                transports=("tcp", "tls", "mutual_tls", "websocket", "websocket_tls"))

WAIT_S = 60
PROPERTIES = {"content_type": "ContentType", "response_topic": "ResponseTopic", "correlation_data": "CorrelationData",
              "expiry_s": "MessageExpiryInterval", "payload_format": "PayloadFormatIndicator"}


def connected(words, on_connect, on_message=None):
    """A client that is connecting; on_connect is told when it is."""
    five = int(words["version"]) == 5
    clean = words["clean"] == "1"
    client = paho.Client(words["id"], protocol=int(words["version"]), transport="websockets" if "path" in words else "tcp",
                         **({} if five else {"clean_session": clean}))
    if "path" in words:
        client.ws_set_options(words["path"])
    client.on_connect, client.on_message = on_connect, on_message
    client.on_disconnect = lambda _client, _data, code, *_: code and print(f"disconnected: {code}", flush=True)
    if "ca" in words:
        client.tls_set(words["ca"], words.get("certificate"), words.get("key"))
    if "will_topic" in words:
        client.will_set(words["will_topic"], words["will_payload"].encode(), int(words["will_qos"]))
    more = {}
    if five:
        more = {"clean_start": clean, "properties": Properties(PacketTypes.CONNECT)}
        if "expiry" in words:
            more["properties"].SessionExpiryInterval = int(words["expiry"])
    client.connect("127.0.0.1", int(words["port"]), **more)
    return client


def subscribe(words):
    present = []

    def on_connect(client, _data, flags, code, *_):
        if code != 0:
            print(f"refused: {code}", flush=True)
        present.append(flags["session present"])
        options = {"qos": int(words["qos"])}
        if words["version"] == "5":
            options = {"options": paho.SubscribeOptions(qos=int(words["qos"])), "properties": Properties(PacketTypes.SUBSCRIBE)}
            if "identifier" in words:
                options["properties"].SubscriptionIdentifier = int(words["identifier"])
        client.subscribe(words["topic"], **options)

    def on_subscribe(_client, _data, _mid, codes, *_):
        granted = getattr(codes[0], "value", codes[0])
        told = "" if words["version"] == "3" else f" present={present[0]}"
        print(f"subscribed granted={granted}{told}", flush=True)

    client = connected(words, on_connect, on_message)
    client.on_subscribe = on_subscribe
    client.loop_start()
    sys.stdin.read()
    client.disconnect()
    client.loop_stop()


def on_message(_client, _data, message):
    members = {}
    properties = getattr(message, "properties", None)
    if properties is not None:
        members = {member: getattr(properties, name) for member, name in PROPERTIES.items() if hasattr(properties, name)}
        members["user_properties"] = tuple(getattr(properties, "UserProperty", ()))
        members["subscription_identifiers"] = tuple(getattr(properties, "SubscriptionIdentifier", ()))
    print(message_line(Message(message.topic, message.payload, message.qos, bool(message.retain), **members)), flush=True)


def publish(words):
    client = connected(words, None)
    client.loop_start()
    sent = []
    for line in sys.stdin:
        message = read_message(line)
        properties = Properties(PacketTypes.PUBLISH)
        for member, name in PROPERTIES.items():
            if getattr(message, member) is not None:
                setattr(properties, name, getattr(message, member))
        if message.user_properties:
            properties.UserProperty = list(message.user_properties)
        more = {"properties": properties} if words["version"] == "5" else {}
        sent.append(client.publish(message.topic, message.payload, message.qos, message.retain, **more))
    for info in sent:
        info.wait_for_publish(WAIT_S)
        if not info.is_published():
            sys.exit("a message was not acknowledged")
    client.disconnect()
    client.loop_stop()


if __name__ == "__main__":
    given = dict(word.split("=", 1) for word in sys.argv[1:])
    {"subscribe": subscribe, "publish": publish}[given["role"]](given)
