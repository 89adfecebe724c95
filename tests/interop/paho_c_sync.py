"""Paho's C library, the API that waits: its program is paho_c_sync.c."""

import os

from interop import Client

CLIENT = Client([os.environ["MORTISE_INTEROP_PROGRAMS"] + "/paho_c_sync"], versions=(3, 4, 5),
                transports=("tcp", "tls", "mutual_tls", "websocket", "websocket_tls"))
