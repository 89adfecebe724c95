"""Paho's C library, the API that calls back: its program is paho_c_async.c."""

import os

from interop import Client

CLIENT = Client([os.environ["MORTISE_INTEROP_PROGRAMS"] + "/paho_c_async"], versions=(3, 4, 5),
                transports=("tcp", "tls", "mutual_tls", "websocket", "websocket_tls"))
