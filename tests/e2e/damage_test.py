"""Every file of the store cut, zeroed or with a bit flipped: the broker starts, and names the file if it lost anything."""

import unittest

from harness import BrokerTest, mosquitto_pub, mosquitto_sub, seeded


def cut(data, at):
    return data[:at]


def zero(data, at):
    return data[:at] + b"\0" * min(4096, len(data) - at) + data[at + 4096 :]


def flip(data, at):
    return data[:at] + bytes([data[at] ^ 0x40]) + data[at + 1 :]


class Damage(BrokerTest):
    def fill(self):
        broker = self.broker()
        mosquitto_sub(broker, "-i", "away", "-c", "-q", "1", "-t", "work/#", "-E")
        for i in range(60):
            mosquitto_pub(broker, "-t", f"kept/{i}", "-m", str(i), "-q", "1", "-r")
        broker.kill()
        return broker

    def check(self, change):
        chance = seeded()
        broker = self.fill()
        pristine = {file: file.read_bytes() for file in broker.state.glob("mortise.db*")}
        self.assertTrue(pristine, "the store has no file named after its path")
        for victim, data in pristine.items():
            if not data:
                continue
            for at in (0, len(data) - 1, chance.randrange(len(data))):
                with self.subTest(file=victim.name, at=at):
                    for other in broker.state.iterdir():
                        if other.name.startswith("mortise.db"):
                            other.unlink()
                    for file, original in pristine.items():
                        file.write_bytes(change(data, at) if file == victim else original)
                    broker.log_file.unlink(missing_ok=True)
                    broker.start()
                    got = mosquitto_sub(broker, "-t", "kept/#", "-v", "-C", "60", "-W", "5")
                    self.assertTrue(set(got) <= {f"kept/{i} {i}" for i in range(60)}, "a wrong value came back")
                    if len(got) < 60:
                        log = broker.log_file.read_text() + broker.said()
                        self.assertIn("mortise.db", log, f"{60 - len(got)} messages lost, and nothing was said")
                    mosquitto_pub(broker, "-t", "new", "-m", "works", "-q", "1", "-r")
                    broker.kill()

    def test_a_file_that_is_cut(self):
        self.check(cut)

    def test_a_file_with_zeroes(self):
        self.check(zero)

    def test_a_file_with_a_flipped_bit(self):
        self.check(flip)


if __name__ == "__main__":
    unittest.main()
