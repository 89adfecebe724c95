"""The command line clients of Mosquitto: mosquitto_sub, mosquitto_pub, mosquitto_rr. They are programs already."""

import itertools
import signal
import subprocess

from harness import PATIENCE_S
from interop import FIELDS, Client, Message, Subscriber, run

VERSIONS = {3: "mqttv31", 4: "mqttv311", 5: "mqttv5"}
SEPARATOR = "|"
# mosquitto_sub's names of what a message line has, in an order of their own: the payload last and in hex
FORMAT = {"topic": "%t", "qos": "%q", "retain": "%r", "type": "%C", "response": "%R", "correlation": "%D", "expiry": "%E",
          "format": "%F", "user": "%P", "identifier": "%S", "payload": "%x"}
PUBLISH_PROPERTIES = {"content_type": "content-type", "response_topic": "response-topic",
                      "correlation_data": "correlation-data", "expiry_s": "message-expiry-interval",
                      "payload_format": "payload-format-indicator"}


def connection(words):
    """What the three programs have in common."""
    options = ["-h", "127.0.0.1", "-p", str(words["port"]), "-V", VERSIONS[words["version"]], "-i", words["id"]]
    for name, option in (("ca", "--cafile"), ("certificate", "--cert"), ("key", "--key"),
                         ("psk_identity", "--psk-identity"), ("psk", "--psk")):
        if name in words:
            options += [option, str(words[name])]
    return options


class Reader(Subscriber):
    """mosquitto_sub with -d, which says when SUBACK came, and a format of ours."""

    def on_line(self, line):
        if line.startswith("message" + SEPARATOR):
            self.messages.append(read_format(line))
        elif line.startswith("Subscribed (mid: "):
            self.granted = int(line.rsplit(": ", 1)[1])
        else:
            self.other_lines.append(line[:200])

    def ask_to_end(self):
        self.process.send_signal(signal.SIGTERM)


def read_format(line):
    members = {}
    for name, word in zip(FORMAT, line.split(SEPARATOR)[1:]):
        member, _, read = FIELDS[name]
        if name in ("topic", "type", "response"):
            members[member] = word or None
        elif name == "correlation":
            members[member] = word.encode() or None
        elif name == "user":
            members[member] = tuple(tuple(pair.split(":", 1)) for pair in word.split(" ") if pair)
        elif name == "identifier":
            members[member] = (int(word),) if word else ()
        else:
            members[member] = read(word) if word or name == "payload" else None
    return Message(**members)


def mosquitto_rr_gets_its_answer(test):
    """In 5.0 its question says where the answer goes, in 3.1.1 both sides know."""
    reader = test.subscriber("questions", 1)
    command = ["mosquitto_rr", *connection(test.words()), "-t", "questions", "-e", "answers", "-m", "6 x 7", "-q", "1",
               "-W", str(int(PATIENCE_S))]
    asking = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        question = reader.receive(1)[0]
        test.assertEqual(question.payload, b"6 x 7")
        test.assertEqual(question.response_topic, "answers" if test.version == 5 else None)
        test.publish([Message("answers", b"42", 1)])
        test.assertEqual(asking.communicate(timeout=2 * PATIENCE_S)[0].strip(), b"42")
        test.assertEqual(asking.returncode, 0)
    finally:
        if asking.poll() is None:
            asking.kill()
            asking.communicate()


class Mosquitto(Client):
    more_cases = {mosquitto_rr_gets_its_answer: 4}
    correlation_data = b"request 7"  # a word of a command line holds no zero byte

    def publishes_will_on_close(self, version):
        return version == 5  # mosquitto_sub ends with reason code 0x04, disconnect with will message

    def subscriber(self, words):
        options = ["-d", "-t", words["topic"], "-q", str(words["qos"]), "-F", SEPARATOR.join(["message", *FORMAT.values()])]
        if not words["clean"]:
            options.append("-c")  # with 5.0 also a session that never expires
        if "identifier" in words:
            options += ["-D", "subscribe", "subscription-identifier", str(words["identifier"])]
        if "will_topic" in words:
            options += ["--will-topic", words["will_topic"], "--will-payload", words["will_payload"],
                        "--will-qos", str(words["will_qos"])]
        return Reader(["stdbuf", "-oL", "mosquitto_sub", *connection(words), *options]).wait_for_subscription()

    def publish(self, words, messages):
        """One mosquitto_pub for messages that differ in their payload only: it reads one a line then."""
        for _, alike in itertools.groupby(messages, key=lambda message: (message.topic, message.qos, message.retain)):
            alike = list(alike)
            options = [*connection(words), *publish_options(alike[0])]
            if len(alike) > 1:
                run(["mosquitto_pub", *options, "-l"], b"".join(message.payload + b"\n" for message in alike))
            else:
                run(["mosquitto_pub", *options, "-s" if alike[0].payload else "-n"], alike[0].payload)


def publish_options(message):
    options = ["-t", message.topic, "-q", str(message.qos), *(["-r"] if message.retain else [])]
    for member, name in PUBLISH_PROPERTIES.items():
        value = getattr(message, member)
        if value is not None:
            options += ["-D", "publish", name, value if isinstance(value, (str, bytes)) else str(value)]
    for pair in message.user_properties:
        options += ["-D", "publish", "user-property", *pair]
    return options


CLIENT = Mosquitto([], versions=(3, 4, 5), transports=("tcp", "tls", "mutual_tls", "psk"))
