"""Write a settings file in TOML: tables of texts, numbers, yes or no, lists, and lists of small tables."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

Value = str | int | bool | Sequence["Value"] | Mapping[str, "Value"]


def render_toml(tables: Mapping[str, Mapping[str, Value]], *, head: str = "") -> str:
    """Return the text of a file with these tables; `head` becomes its comment."""
    lines = [f"# {line}" for line in head.splitlines()]
    for name, table in tables.items():
        lines += ["", f"[{name}]", *(f"{key} = {_value(value)}" for key, value in table.items())]
    return "\n".join(lines) + "\n"


def _value(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        # A JSON string is a TOML basic string but for U+007F, which no settings of ours hold.
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_value(item)}" for key, item in value.items()) + " }"
    return "[" + ", ".join(_value(item) for item in value) + "]"
