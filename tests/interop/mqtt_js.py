"""MQTT.js for Node: its program is node/mqtt_js.cjs."""

import os
import pathlib

from interop import Client

PROGRAM = pathlib.Path(__file__).parent / "node" / "mqtt_js.cjs"


class MqttJs(Client):
    # It keeps them in an object by name, so values of one name are sent and told together.
    user_properties = (("b", "1"), ("b", "3"), ("a", "2"), ("ü", ""))

    def check(self):
        """Raises when npm has not brought what the program needs."""
        modules = pathlib.Path(os.environ["NODE_PATH"])
        if not (modules / "mqtt").is_dir():
            raise AssertionError(f"MQTT.js is not in {modules}: ./dev test puts it there with npm ci, which needs its "
                                 "registry the first time")


CLIENT = MqttJs(["node", PROGRAM], versions=(4, 5),
                transports=("tcp", "tls", "mutual_tls", "websocket", "websocket_tls"))
