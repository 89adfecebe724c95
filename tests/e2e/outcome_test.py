"""What a person sees who follows the README: messages, retained messages, offline queues, all of it across kill -9."""

import subprocess
import unittest

import harness
from harness import STORE, BrokerTest, mosquitto_pub, mosquitto_sub, mosquitto_subscriber, wait_for


class Outcome(BrokerTest):
    def test_a_message_reaches_a_subscriber_and_the_log(self):
        broker = self.broker(log="info", messages=True)
        with mosquitto_subscriber(broker, "-t", "test/topic", "-C", "1") as subscriber:
            mosquitto_pub(broker, "-t", "test/topic", "-m", "Hello MQTT", "-i", "greeter", "-r")
            output, _ = subscriber.communicate(timeout=harness.PATIENCE_S)
        self.assertIn("Hello MQTT", output)
        wait_for(lambda: "test/topic" in broker.log_file.read_text(), "the line of the message in the log")
        line = next(line for line in broker.log_file.read_text().splitlines() if "Hello MQTT" in line)
        for word in ("messages", "greeter", "test/topic", "Hello MQTT"):
            self.assertIn(word, line)

    def test_a_later_subscriber_still_gets_the_retained_message_after_a_kill(self):
        broker = self.broker()
        mosquitto_pub(broker, "-t", "test/topic", "-m", "kept", "-q", "1", "-r")
        broker.kill()
        broker.start()
        self.assertEqual(mosquitto_sub(broker, "-t", "test/#", "-C", "1", "-W", "10"), ["kept"])

    def test_a_cleared_retained_message_stays_away_after_a_kill(self):
        broker = self.broker()
        mosquitto_pub(broker, "-t", "a", "-m", "kept", "-q", "1", "-r")
        mosquitto_pub(broker, "-t", "b", "-m", "other", "-q", "1", "-r")
        mosquitto_pub(broker, "-t", "a", "-n", "-q", "1", "-r")
        broker.kill()
        broker.start()
        reader = self.client(broker).connect()
        reader.subscribe("#")
        reader.run_until(lambda: reader.messages, "what was not cleared")
        reader.run_for(0.3)
        self.assertEqual([(message.topic, message.payload) for message in reader.messages], [("b", b"other")])

    def test_a_persistent_subscriber_gets_what_it_missed_after_a_kill(self):
        broker = self.broker()
        mosquitto_sub(broker, "-i", "away", "-c", "-q", "1", "-t", "work/#", "-E")
        for i in range(20):
            mosquitto_pub(broker, "-t", "work/item", "-m", str(i), "-q", "1")
        broker.kill()
        broker.start()
        got = mosquitto_sub(broker, "-i", "away", "-c", "-q", "1", "-t", "work/#", "-C", "20", "-W", "10")
        self.assertEqual(got, [str(i) for i in range(20)])

    def test_without_the_store_everything_works_but_nothing_survives(self):
        broker = self.broker(plugins=())
        mosquitto_pub(broker, "-t", "a", "-m", "kept", "-q", "1", "-r")
        self.assertEqual(mosquitto_sub(broker, "-t", "a", "-C", "1", "-W", "10"), ["kept"])
        broker.kill()
        broker.start()
        self.assertEqual(mosquitto_sub(broker, "-t", "a", "-W", "1"), [])

    def test_an_orderly_stop_keeps_everything_and_exits_with_0(self):
        broker = self.broker()
        mosquitto_pub(broker, "-t", "a", "-m", "kept", "-q", "0", "-r")
        self.assertEqual(mosquitto_sub(broker, "-t", "a", "-C", "1", "-W", "10"), ["kept"])
        self.assertEqual(broker.stop(), 0)
        broker.start()
        self.assertEqual(mosquitto_sub(broker, "-t", "a", "-C", "1", "-W", "10"), ["kept"])

    def test_sqlite3_reads_the_store_of_the_running_broker(self):
        broker = self.broker()
        mosquitto_pub(broker, "-t", "room/1", "-m", "21.5", "-q", "1", "-r")
        mosquitto_sub(broker, "-i", "away", "-c", "-q", "1", "-t", "work/#", "-E")

        def query(sql):
            done = subprocess.run(["sqlite3", "-readonly", str(broker.state / "mortise.db"), sql], check=True,
                                  capture_output=True, text=True, timeout=harness.PATIENCE_S)
            return done.stdout.strip()

        self.assertEqual(query("select topic, payload from retained"), "room/1|21.5")
        self.assertIn("away", query("select client_id from sessions"))


class EachQos(BrokerTest):
    """Each pair of QoS, published and subscribed: the lower one holds."""

    def check(self, version):
        broker = self.broker(plugins=(STORE,))
        for published in range(3):
            for subscribed in range(3):
                with self.subTest(published=published, subscribed=subscribed):
                    topic = f"pair/{published}/{subscribed}"
                    with mosquitto_subscriber(broker, "-V", version, "-t", topic, "-q", str(subscribed), "-C", "3", "-F",
                                              "got %q %p") as subscriber:
                        for i in range(3):
                            mosquitto_pub(broker, "-V", version, "-t", topic, "-q", str(published), "-m", str(i))
                        output, _ = subscriber.communicate(timeout=harness.PATIENCE_S)
                    got = [line for line in output.splitlines() if line.startswith("got ")]
                    self.assertEqual(got, [f"got {min(published, subscribed)} {i}" for i in range(3)])

    # proves 3.1.1 MQTT-7.0.0-2 MQTT-7.1.1-1
    def test_each_pair_of_qos_in_3_1_1(self):
        self.check("mqttv311")

    def test_each_pair_of_qos_in_5_0(self):
        self.check("mqttv5")


if __name__ == "__main__":
    unittest.main()
