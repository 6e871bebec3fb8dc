"""The pages behind the real server: live streams, their bound, slow clients, a quick end, a restart."""

from __future__ import annotations

import contextlib
import json
import socket
import time
import urllib.request
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

import pytest

from central.web.live import LISTENERS_OF_ADDRESS_MAX
from tests.support.web_house import WebHouse
from tests.support.web_server import WebServer, a_web_server


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[WebServer, WebHouse]]:
    with a_web_server(tmp_path_factory.mktemp("served")) as made:
        yield made


@contextlib.contextmanager
def a_stream(server: WebServer) -> Iterator[HTTPResponse]:
    connection = HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.request("GET", "/live/board")
    answer = connection.getresponse()
    try:
        yield answer
    finally:
        answer.close()
        connection.close()


def next_state(answer: HTTPResponse) -> dict[str, object]:
    while True:
        line = answer.readline()
        assert line, "the stream has ended"
        if line.startswith(b"data: {"):
            state: dict[str, object] = json.loads(line[6:])
            return state


def newest(state: dict[str, object]) -> str:
    calls = state["calls"]
    assert isinstance(calls, list)
    return str(calls[0]["ticket"]) if calls else ""


def test_a_call_in_the_book_is_on_the_board_at_once(served: tuple[WebServer, WebHouse]) -> None:
    server, web = served
    with a_stream(server) as stream:
        next_state(stream)

        began = time.monotonic()
        web.announce("A6123", 3)
        state = next_state(stream)

        assert newest(state) == "A6123"
        assert time.monotonic() - began < 1.0


def test_pages_are_answered_while_as_many_listen_as_may(served: tuple[WebServer, WebHouse]) -> None:
    server, _ = served
    with contextlib.ExitStack() as streams:
        listening = [streams.enter_context(a_stream(server)) for _ in range(LISTENERS_OF_ADDRESS_MAX + 1)]

        with urllib.request.urlopen(f"{server.address}/board", timeout=5) as page:
            assert page.status == 200
        assert [stream.status for stream in listening].count(200) <= LISTENERS_OF_ADDRESS_MAX
        assert listening[-1].status == 503


def test_places_of_pages_that_went_away_are_free_again(served: tuple[WebServer, WebHouse]) -> None:
    server, _ = served
    with contextlib.ExitStack() as streams:
        for _ in range(LISTENERS_OF_ADDRESS_MAX):
            streams.enter_context(a_stream(server))

    deadline = time.monotonic() + 15
    while True:
        with a_stream(server) as stream:
            if stream.status == 200:
                break
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_a_client_that_says_nothing_holds_up_nobody(served: tuple[WebServer, WebHouse]) -> None:
    """Slow requests: forty half-spoken requests, and a page is still answered."""
    server, _ = served
    with contextlib.ExitStack() as held:
        for _ in range(40):
            connection = held.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=5))
            connection.sendall(b"GET /board HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")

        with urllib.request.urlopen(f"{server.address}/board", timeout=8) as page:
            assert page.status == 200


@pytest.mark.parametrize(
    "sent",
    [
        b"\x00\xff\xfe garbage\r\n\r\n",
        b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /board HTTP/1.1\r\nHost: localhost\r\n" + b"X-Many: 1\r\n" * 200 + b"\r\n",
        b"POST /sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
    ],
)
def test_bytes_that_are_no_request_are_refused(served: tuple[WebServer, WebHouse], sent: bytes) -> None:
    server, _ = served
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(sent)
        answer = connection.recv(4096)

    assert answer == b"" or answer.split(b" ")[1] in {b"400", b"409", b"413", b"414", b"431"}
    with urllib.request.urlopen(f"{server.address}/healthz", timeout=5) as page:
        assert page.status == 200


def test_the_server_stops_quickly_with_pages_open_and_serves_again(tmp_path: Path) -> None:
    with a_web_server(tmp_path) as (server, web), a_stream(server) as stream:
        next_state(stream)

        took = server.stop()
        web.announce("B6001", 2)
        server.start()
        with a_stream(server) as again:
            state = next_state(again)

        assert took < 6.0
        assert newest(state) == "B6001"
