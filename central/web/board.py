"""大厅屏: numbers, never names. A page, its state as JSON, the stream that carries the same state, and the voice.

Comes from the newest calls and the waiting counts, goes to any browser in the hall; nobody signs in here.
"""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Callable
from typing import Final

from flask import Blueprint, Response, abort, current_app, render_template, request

from broker.messages import CallPurpose
from broker.wording import call_text_english
from central.storage.reading_rows import CallRow
from central.web.guard import PUBLIC, allowed, house
from central.web.house import House
from central.web.live import LISTENERS_OF_ADDRESS_MAX, LISTENERS_OF_ONE_MAX, Live
from central.web.shown import HallTime
from central.web.voice import Voice

PAGES: Final = Blueprint("board", __name__)
RECENT: Final = 8  # lines on the screen, the newest included
SPOKEN_BACK: Final = 40  # calls in the state: a page that was away speaks those that are still good


@PAGES.get("/board")
@allowed(PUBLIC)
def page() -> str:
    return render_template("board.html", state=state(house()).decode(), now_ms=house().clock.now_ms())


@PAGES.get("/board/state.json")
@allowed(PUBLIC)
def state_json() -> Response:
    """Return what the stream would say: for a page that could not get a place in it."""
    return Response(state(house()), mimetype="application/json")


@PAGES.get("/live/board")
@allowed(PUBLIC)
def live() -> Response:
    return stream("board", f"address {request.remote_addr}", LISTENERS_OF_ADDRESS_MAX)


@PAGES.get("/board/voice/<int:counter>.wav")
@allowed(PUBLIC)
def voice(counter: int) -> Response:
    """Speak one of the newest calls; any other number is not found, so nobody can make the server speak at will."""
    call = next((each for each in house().reading.newest_calls(limit=SPOKEN_BACK) if each.counter == counter), None)
    if call is None:
        abort(404)
    spoken: Voice = current_app.extensions["onewindow.voice"]
    purpose = CallPurpose(call.purpose)
    at_pickup_place = call.window == house().settings.pickup_window
    sound = spoken.call(call.ticket, call.window, purpose, at_pickup_place=at_pickup_place)
    return Response(sound, mimetype="audio/wav")


def stream(channel: str, who: str, most: int = LISTENERS_OF_ONE_MAX) -> Response:
    """Answer with a live channel as server-sent events."""
    live_channels: Live = current_app.extensions["onewindow.live"]
    told = live_channels.events(channel, who, most=most, is_gone=_hung_up(request.environ.get("gunicorn.socket")))
    response = Response(told, mimetype="text/event-stream", direct_passthrough=True)
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"
    return response


def _hung_up(connection: socket.socket | None) -> Callable[[], bool]:
    """Return what says that the browser has closed its end; a server that does not show the connection never knows."""

    def look() -> bool:
        if connection is None:
            return False
        try:
            return connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
        except BlockingIOError:
            return False
        except (OSError, ValueError):  # reset, or of a kind that cannot be looked into
            return not isinstance(connection, ssl.SSLSocket)

    return look


def state(house: House) -> bytes:
    """Return the board's state as one line of JSON; the same hall in the same moment gives the same bytes."""
    now_ms = house.clock.now_ms()
    time = HallTime(house.settings.timezone)
    day = time.day(now_ms).isoformat()
    calls = [
        call for call in house.reading.newest_calls(limit=SPOKEN_BACK) if time.day(call.called_at_ms).isoformat() == day
    ]
    newest: list[CallRow] = []
    for call in calls:  # a recall moves its number up instead of filling the list with it
        if all((call.ticket, call.window, call.purpose) != (kept.ticket, kept.window, kept.purpose) for kept in newest):
            newest.append(call)
    body = {
        "calls": [_line(call, time, house) for call in newest[:RECENT]],
        "speak": [
            {"counter": call.counter, "expires": call.expires_at_ms} for call in calls if call.expires_at_ms > now_ms
        ],
        "waiting": [
            {"letter": group.letter, "name": group.name, "count": group.waiting} for group in house.reading.groups(day)
        ],
    }
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def _line(call: CallRow, time: HallTime, house: House) -> dict[str, object]:
    purpose = CallPurpose(call.purpose)
    return {
        "counter": call.counter,
        "ticket": call.ticket,
        "window": call.window,
        "pickup": purpose is CallPurpose.PICKUP,
        "place": "出件窗口" if purpose is CallPurpose.PICKUP and call.window == house.settings.pickup_window else "",
        "english": call_text_english(call.ticket, call.window, purpose),
        "at": time.clock(call.called_at_ms),
        "again": call.count > 1,
    }
