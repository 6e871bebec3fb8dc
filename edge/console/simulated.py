"""演示: a person, or a demonstration's program, does in the browser what hands do at a real window.

Lays cards, papers and slips, presses buttons, looks at the LED picture and hears the voice; switches every fault. There
only when simulated devices are in use. What travels is pictures (PNG, JPEG) and sound (WAV) as bytes, never the text in
them: the scanner decodes pixels, the camera sees a desk. README.md in this folder lists the calls.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from flask import Blueprint, Response, abort, jsonify, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from broker.errors import PictureRefused
from edge.console.current import console, wants_json
from edge.console.errors import FieldRefused, NotSimulated, SlipUnknown
from edge.console.live import rendered
from edge.console.parts import context_of
from edge.console.programs import json_object
from edge.console.settings import PICTURE_BYTES_MAX
from firmware.ports import Button

PEOPLE: Final = 12  # invented residents whose cards and papers lie ready
PERSON_MAX: Final = 1_000_000
_PICTURES: Final = ("image/png", "image/jpeg")

blueprint = Blueprint("simulated", __name__)


@blueprint.before_request
def _take_pictures() -> None:
    request.max_content_length = PICTURE_BYTES_MAX
    request.max_form_memory_size = PICTURE_BYTES_MAX


@blueprint.get("/simulated")
def page() -> str:
    view = console().unit.view()
    return render_template("simulated.html", **context_of("simulated", view), **_desk())


@blueprint.get("/live/simulated")
def parts() -> Response:
    view = console().unit.view()
    return rendered(view, context_of("simulated", view) | _desk())


@blueprint.post("/simulated/do/<action>")
def do(action: str) -> AnyResponse:
    """As the JSON calls, for the page's forms (a picture comes as the file field `picture`)."""
    if action not in ACTIONS:
        abort(404)
    file = request.files.get("picture")
    data: dict[str, Any] = {key: value for key, value in request.form.items() if key != "csrf" and value != ""}
    said = ACTIONS[action](Asked(data, file.read(PICTURE_BYTES_MAX + 1) if file else b""))
    return jsonify(ok=True, **said) if wants_json() else redirect("/simulated", code=303)


@blueprint.post("/simulated/api/<action>")
def call(action: str) -> Response:
    """Do one thing: a JSON object says what, or the body is the picture itself (Content-Type image/png, image/jpeg)."""
    if action not in ACTIONS:
        abort(404)
    if request.mimetype in _PICTURES:
        return jsonify(ok=True, **ACTIONS[action](Asked(dict(request.args.items()), request.get_data())))
    return jsonify(ok=True, **ACTIONS[action](Asked(json_object())))


@blueprint.get("/simulated/api/state")
def state() -> Response:
    """Return what there is to lay and to switch, and what the lamps and the LED show."""
    return jsonify(_desk())


@blueprint.get("/simulated/api/led.png")
def led() -> Response:
    return Response(_simulators().led_picture(), mimetype="image/png")


@blueprint.get("/simulated/api/slips")
def slips() -> Response:
    """Return how many slips lie in the printer's tray; 0 is the oldest."""
    return jsonify(count=len(_simulators().slips()))


@blueprint.get("/simulated/api/slips/<int:index>.png")
def slip(index: int) -> Response:
    return _slip(index)


@blueprint.get("/simulated/api/slips/last.png")
def last_slip() -> Response:
    return _slip(-1)


@blueprint.get("/simulated/api/pocket/<name>")
def pocket(name: str) -> Response:
    return Response(console().pocket.picture(name), mimetype="image/png")


@blueprint.get("/simulated/api/speech.wav")
def speech() -> Response:
    """Return the last announcement as it sounded."""
    spoken = _simulators().spoken()
    if not spoken:
        abort(404)
    return Response(spoken[-1].wav, mimetype="audio/wav")


def _slip(index: int) -> Response:
    tray = _simulators().slips()
    if not -len(tray) <= index < len(tray):
        raise SlipUnknown("no slip of that number in the tray")
    return Response(tray[index], mimetype="image/png")


# --- what can be done; each takes the fields and the picture, and returns what to answer ---------------------------


@dataclass(frozen=True, slots=True)
class Asked:
    data: dict[str, Any]  # the JSON object's or the form's fields
    picture: bytes = b""


def _card(asked: Asked) -> dict[str, Any]:
    """{"person": 7} lays the card of an invented resident; {"lift": true} takes it away."""
    simulators = _simulators()
    if asked.data.get("lift"):
        simulators.lift_card()
    else:
        simulators.lay_card(simulators.person(_number(asked.data, "person", 1, PERSON_MAX)))
    return {}


def _scan(asked: Asked) -> dict[str, Any]:
    """A picture, or {"pocket": name}, is held before the scanner gun; answers whether it beeped."""
    return {"beeped": _simulators().show_code(asked.picture or _pocket_picture(asked))}


def _desk_action(asked: Asked) -> dict[str, Any]:
    """What lies under the camera: a picture (`as`: photo or slip), a paper by kind or material, a sheet, or nothing."""
    simulators = _simulators()
    person = simulators.person(_number(asked.data, "person", 1, PERSON_MAX)) if "person" in asked.data else None
    seed = _number(asked.data, "seed", 0, PERSON_MAX) if "seed" in asked.data else 1
    if asked.picture or "pocket" in asked.data:
        as_slip = asked.data.get("as") == "slip" or not asked.picture
        (simulators.lay_slip if as_slip else simulators.lay_picture)(asked.picture or _pocket_picture(asked))
    elif asked.data.get("clear"):
        simulators.clear_desk()
    elif "paper" in asked.data:
        simulators.lay_paper(_text(asked.data, "paper"), seed=seed, person=person, add=bool(asked.data.get("add")))
    elif "material" in asked.data:
        return {"paper": simulators.lay_paper_for(_text(asked.data, "material"), seed=seed, person=person)}
    elif "sheet" in asked.data:
        simulators.lay_sheet(_text(asked.data, "sheet"))
    elif asked.data.get("next_sheet"):
        return {"sheet": simulators.lay_next_sheet() or ""}
    else:
        raise FieldRefused("desk takes a picture, paper, material, sheet, next_sheet, pocket or clear")
    return {}


def _button(asked: Asked) -> dict[str, Any]:
    """{"button": "next"} presses a button of the panel."""
    wanted = _text(asked.data, "button")
    if wanted not in set(Button):
        raise FieldRefused(f"button is one of {', '.join(Button)}")
    _simulators().press(Button(wanted))
    return {}


def _fault(asked: Asked) -> dict[str, Any]:
    """{"device": "scanner", "fault": "unplugged", "on": true} switches a fault; {"clear": true} ends them all."""
    if asked.data.get("clear"):
        _simulators().clear_faults()
    else:
        on = asked.data.get("on", True)
        _simulators().set_fault(
            _text(asked.data, "device"), _text(asked.data, "fault"), on not in (False, "false", "0", 0)
        )
    return {}


ACTIONS: Final[dict[str, Callable[[Asked], dict[str, Any]]]] = {
    "card": _card,
    "scan": _scan,
    "desk": _desk_action,
    "button": _button,
    "fault": _fault,
}


def _simulators() -> Any:
    """Return the controls (firmware/simulators/simulated_bench.py); only bench.py may know their type."""
    simulators = console().bench.simulators
    if simulators is None:
        raise NotSimulated("no device here is simulated")
    return simulators


def _pocket_picture(asked: Asked) -> bytes:
    if "pocket" not in asked.data:
        raise PictureRefused("a picture comes as the body, as the file picture, or by its name in the pocket")
    return console().pocket.picture(_text(asked.data, "pocket"))


def _text(data: dict[str, Any], name: str) -> str:
    value = data.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= 200:
        raise FieldRefused(f"{name} is 1 to 200 characters")
    return value


def _number(data: dict[str, Any], name: str, least: int, most: int) -> int:
    value = data.get(name, least)
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 10:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise FieldRefused(f"{name} is a whole number from {least} to {most}")
    return value


def _desk() -> dict[str, Any]:
    simulators = _simulators()
    return {
        "people": [{"person": number, "name": simulators.person(number).name} for number in range(1, PEOPLE + 1)],
        "papers": [{"key": kind.key, "title": kind.title} for kind in simulators.paper_kinds()],
        "sheets": list(simulators.sheets()),
        "pocket": console().pocket.names()[:12],
        "faults": [
            {"device": fault.device, "fault": fault.fault, "title": fault.title, "on": fault.on}
            for fault in simulators.faults()
        ],
        "has": [name for name in DEVICES if getattr(simulators, name, None) is not None],
        "lamps": {str(lamp): shown for lamp, shown in simulators.lamps().items()} if simulators.panel else {},
        "slip_count": len(simulators.slips()) if simulators.ticket_printer else 0,
        "spoken": max((each.number for each in simulators.spoken()), default=0) if simulators.speaker else 0,
        "led": simulators.led_text() if simulators.call_display else "",
    }


DEVICES: Final = (
    "scanner",
    "document_camera",
    "call_display",
    "panel",
    "speaker",
    "id_card_reader",
    "ticket_printer",
)
