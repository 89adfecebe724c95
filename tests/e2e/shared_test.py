"""Shared subscriptions under load: members come and go, the broker is killed, and every job is done by somebody."""

import unittest

from harness import BrokerTest, seeded

JOBS = 3000
GROUP = "$share/workers/jobs/#"


class SharedTest(BrokerTest):

    def worker(self, broker, name, clean):
        worker = self.client(broker, name, clean=clean).connect()
        worker.subscribe(GROUP, 1)
        return worker

    @staticmethod
    def work(workers):
        for worker in workers:
            for _ in range(20):  # a step is one packet
                worker.step(0)

    @staticmethod
    def done_by(workers):
        return {message.payload.decode() for worker in workers for message in worker.messages}

    def test_nothing_is_lost_while_members_come_and_go(self):
        for threads in (1, 3):
            with self.subTest(threads=threads):
                chance = seeded()
                broker = self.broker(kernel=f"threads: {threads}")
                stays = self.worker(broker, "stays", True)
                others = [self.worker(broker, f"worker-{i}", True) for i in range(4)]
                everybody = [stays, *others]
                publisher = self.client(broker, "publisher").connect()
                for number in range(JOBS):
                    publisher.publish(f"jobs/{number % 7}", str(number), qos=1, wait=False)
                    if number % 50 != 49:
                        continue
                    publisher.run_until(lambda: len(publisher.acknowledged) > number, "the acknowledgements")
                    self.work((stays, *others))
                    place = chance.randrange(len(others))
                    others[place].drop()
                    others[place] = self.worker(broker, f"worker-{place}", True)
                    everybody.append(others[place])
                wanted = {str(number) for number in range(JOBS)}

                def all_done():
                    self.work((stays, *others))
                    return self.done_by(everybody) >= wanted
                publisher.run_until(all_done, "all jobs to be done")
                busy = sum(bool(worker.messages) for worker in everybody)
                print(f"{threads} loops: {busy} of {len(everybody)} members had work, one of them {len(stays.messages)} jobs")
                self.assertGreater(busy, len(everybody) // 2)
                self.assertEqual(broker.stop(), 0)

    def test_what_was_acknowledged_is_done_although_the_broker_is_killed(self):
        broker = self.broker(kernel="threads: 3")
        workers = [self.worker(broker, f"worker-{i}", False) for i in range(3)]
        for worker in workers[1:]:
            worker.disconnect()
        publisher = self.client(broker, "publisher").connect()
        for number in range(300):
            publisher.publish("jobs/x", str(number), qos=1, wait=False)
        publisher.run_until(lambda: len(publisher.acknowledged) >= 300, "the acknowledgements")
        broker.kill()
        broker.start()
        again = [self.client(broker, f"worker-{i}", clean=False).connect() for i in range(3)]

        def all_done():
            self.work(again)
            return self.done_by([*workers, *again]) >= {str(number) for number in range(300)}
        again[0].run_until(all_done, "all jobs to be done")


if __name__ == "__main__":
    unittest.main()
