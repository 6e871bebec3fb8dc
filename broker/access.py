"""Who may say and hear what: the broker's access list, rendered from `topics.py` and from nothing else.

A unit writes only its own up topics and reads only its own down topics; central reads all that is said and writes to
all units; whoever is neither may do nothing. Names come from the client's certificate (`use_identity_as_username`),
so nobody can ask for another's. Mosquitto acknowledges what this list drops (RELIABILITY.md B.1): it keeps the units
apart, and a receipt from central is the only proof that something arrived.
"""

from __future__ import annotations

from typing import Final

from broker.topics import CENTRAL, ROOT, VERSION, Down, UnitId, Up, all_up, down, up

_SOMEBODY: Final = UnitId("some-unit")  # stands for "the unit that asks"; Mosquitto writes that as %u
_USERNAME: Final = "%u"

_HEAD: Final = """\
# Rendered by broker/access.py from broker/topics.py. Do not edit: it is written anew at each start.
# %u is the common name of the client's certificate.
"""


def render_acl() -> str:
    """Return the text of Mosquitto's `acl_file`, the same for every hall."""
    lines = [
        _HEAD,
        "# Every unit: its own topics, family by family, and nothing else.",
        *(f"pattern write {_own(up(_SOMEBODY, family))}" for family in Up),
        *(f"pattern read {_own(down(_SOMEBODY, family))}" for family in Down),
        "",
        "# The ledger service: hears all units, speaks to all units.",
        f"user {CENTRAL}",
        f"topic read {all_up()}",
        *(f"topic write {ROOT}/{VERSION}/+/down/{family.value}" for family in Down),
        "",
    ]
    return "\n".join(lines)


def _own(topic: str) -> str:
    assert topic.count(_SOMEBODY) == 1
    return topic.replace(_SOMEBODY, _USERNAME)
