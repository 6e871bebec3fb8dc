"""The roster of a hall, `hall.json`: what `onewindow-central init` reads, and where the demonstration's log-ins stand.

    {"hall":    {"id": "shuangjing", "name": "双井…"},
     "groups":  [{"letter": "A", "name": "社保医保", "departments": ["社会保障科", …]}, …],
     "windows": [{"number": 1, "name": "1号窗口 综合受理", "unit": "shuangjing-w1", "role": "intake"}, …],
     "units":   [{"id": "shuangjing-w1", "role": "intake", "window": 1 | null, "name": "1号窗口 综合受理",
                  "signing_key": "-----BEGIN PUBLIC KEY-----…", "sealing_key": "-----BEGIN PUBLIC KEY-----…"}, …],
     "staff":   [{"login": "shebao1", "name": "王建国", "role": "officer" | "supervisor" | "pickup" | "administrator",
                  "desk": "社会保障科" | "", "password": "…"}, …],
     "ports":   {"broker": 8883, "web": 8080, "shuangjing-w1": 8101, …},
     "token":   "…"}   lets the demonstration's own programs (visit, day) use the consoles

Mode 0600. Passwords in clear stand here in the demonstration only: random for each hall, printed at its start, and
worth nothing outside this machine.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from broker.errors import Refused
from provisioning.files import write_secret

HALL_FILE = "hall.json"


class HallFileRefused(Refused):
    """The roster cannot be read. Nothing was changed."""

    code = "hall-file-refused"
    notice = "大厅名册文件损坏。演示环境可用 make forget 清除后重新开始。"


@dataclass(frozen=True, slots=True)
class HallFile:
    """A roster as it was read or is to be written; `data` has the shape above."""

    data: dict[str, Any]

    @property
    def ports(self) -> dict[str, int]:
        return dict(self.data["ports"])

    @property
    def token(self) -> str:
        return str(self.data["token"])

    @property
    def passwords(self) -> dict[str, str]:
        """By log-in."""
        return {member["login"]: member["password"] for member in self.data["staff"]}

    def unit(self, unit: str) -> dict[str, Any]:
        """Return a unit's row; KeyError when there is none."""
        rows: dict[str, dict[str, Any]] = {row["id"]: row for row in self.data["units"]}
        return rows[unit]


def read_hall_file(state: Path) -> HallFile | None:
    """Return the roster of this state folder, or None when there is none.

    Raises:
        HallFileRefused: it is not the JSON that it should be.
    """
    path = state / HALL_FILE
    if not path.exists():
        return None
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        hall = HallFile(data)
        _ = (hall.ports, hall.passwords, hall.token, data["hall"]["id"], data["units"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise HallFileRefused(f"{path} is not a roster of a hall") from None
    return hall


def write_hall_file(state: Path, hall: HallFile) -> None:
    write_secret(state / HALL_FILE, json.dumps(hall.data, ensure_ascii=False, indent=1) + "\n")
