"""Ports of this machine for servers that are started at once."""

import random
import socket
from contextlib import suppress
from itertools import cycle

LOCALHOST = "127.0.0.1"
RANGE = range(15_000, 32_000)
"""Below those that Linux and BSD give to connections that go out, one of which could have it a moment later."""
_ports = cycle(random.sample(RANGE, len(RANGE)))


def free_port() -> int:
    """Return a port that nobody listens on, each time another one."""
    while True:
        port = next(_ports)
        with socket.socket() as probe, suppress(OSError):
            probe.bind((LOCALHOST, port))
            return port
