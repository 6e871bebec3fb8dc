"""Which TCP ports a hall's processes listen on: those they had, unless somebody else has taken one meanwhile."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

_TRIES: Final = 200


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports by name, and which of them are other than wished for: (name, wished for, given)."""

    given: dict[str, int]
    avoided: tuple[tuple[str, int, int], ...]


def choose_ports(wished: Mapping[str, int], *, is_free: Callable[[int], bool]) -> Ports:
    """Give each name its wished-for port, or the next one above it that is free and not given to another.

    Raises:
        OSError: no free port within 200 of the one wished for.
    """
    given: dict[str, int] = {}
    avoided: list[tuple[str, int, int]] = []
    taken = set(wished.values())  # what another would like is not given away
    for name, wish in wished.items():
        port = wish if wish not in given.values() and is_free(wish) else _next_free(wish, taken, given, is_free)
        given[name] = port
        if port != wish:
            avoided.append((name, wish, port))
    return Ports(given, tuple(avoided))


def is_free_on_loopback(port: int) -> bool:
    """Say whether a server could listen on this port of 127.0.0.1 now."""
    with socket.socket() as probe:
        # As the servers themselves do: a port that only lingers from a closed connection is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _next_free(wish: int, taken: set[int], given: Mapping[str, int], is_free: Callable[[int], bool]) -> int:
    for port in range(wish + 1, min(wish + _TRIES, 65_536)):
        if port not in taken and port not in given.values() and is_free(port):
            return port
    raise OSError(f"no free port from {wish} on")
