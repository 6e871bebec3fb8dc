"""A posted form or JSON object becomes a command of `edge.commands`, or is refused with the rule that it breaks.

The commands' own field types decide; this module adds the bounds of what a browser may send. Values never show in a
refusal: they may be a resident's.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Final, get_args

import msgspec

from broker.messages import FORM_FIELDS_MAX
from broker.writing import is_writing
from edge.commands import Command
from edge.console.errors import CommandUnknown, FieldRefused

TEXT_MAX: Final = 512  # characters: the longest is a ticket's code
FORM_VALUE_MAX: Final = 500
FORM_NAME_MAX: Final = 40
FORM_PREFIX: Final = "field:"  # how a page names a form field of FillForm

_WORD: Final = re.compile(r"(?<!^)(?=[A-Z])")
COMMANDS: Final[dict[str, type[Command]]] = {
    _WORD.sub("_", command.__name__).lower(): command for command in get_args(Command)
}


def command_from_form(name: str, form: Mapping[str, str]) -> Command:
    """Return the command that a page's form asks for. Fields named `field:…` are collected for FillForm.

    Raises:
        CommandUnknown, FieldRefused.
    """
    data: dict[str, object] = {}
    fields: dict[str, str] = {}
    for key, value in form.items():
        if key.startswith(FORM_PREFIX):
            fields[key.removeprefix(FORM_PREFIX)] = value.replace("\r\n", "\n").strip()
        elif key != "csrf":
            data[key] = value.strip()
    if fields:
        data["fields"] = fields
    return command_from(name, data)


def command_from(name: str, data: Mapping[str, object]) -> Command:
    """Return the command with this name (`take_page`) and these fields.

    Raises:
        CommandUnknown: no command has that name.
        FieldRefused: a field is none of the command's, of the wrong kind or out of bounds. Names the rule only.
    """
    kind = COMMANDS.get(name)
    if kind is None:
        raise CommandUnknown("no command has that name")
    known = {field.name for field in dataclasses.fields(kind)}
    for key, value in data.items():
        if key not in known:
            raise FieldRefused(f"{name} has the fields {', '.join(sorted(known)) or '(none)'}")
        _require_bounded(key, value)
    try:
        return msgspec.convert(dict(data), type=kind, strict=False)
    except msgspec.ValidationError:
        raise FieldRefused(f"a field of {name} is missing or of the wrong kind") from None


def _require_bounded(key: str, value: object) -> None:
    if isinstance(value, str):
        _require_text(key, value, TEXT_MAX)
    elif isinstance(value, Mapping):
        if len(value) > FORM_FIELDS_MAX:
            raise FieldRefused(f"a form has at most {FORM_FIELDS_MAX} fields")
        for name, text in value.items():
            if not isinstance(name, str) or not isinstance(text, str):
                raise FieldRefused(f"{key} holds text by name")
            if not name:
                raise FieldRefused("a form field has a name")
            _require_text("a form field's name", name, FORM_NAME_MAX)
            _require_text("a form field", text.replace("\n", ""), FORM_VALUE_MAX)
    elif isinstance(value, bool) or not isinstance(value, int) or not -1_000_000 < value < 1_000_000:
        raise FieldRefused(f"{key} is text or a whole number")


def _require_text(key: str, text: str, longest: int) -> None:
    if len(text) > longest:
        raise FieldRefused(f"{key} has at most {longest} characters")
    if not is_writing(text):
        raise FieldRefused(f"{key} has written characters only")
