"""Named to pytest with -p in the guest: the contract tests run on the kernel's devices instead of level 0's rigs."""

from __future__ import annotations

from tests.devices.inside import guest_rigs
from tests.support import firmware_rigs

LISTS = (
    "SCANNERS",
    "DOCUMENT_CAMERAS",
    "CALL_DISPLAYS",
    "PANELS",
    "SPEAKERS",
    "ID_CARD_READERS",
    "TICKET_PRINTERS",
)
for name in LISTS:
    getattr(firmware_rigs, name)[:] = getattr(guest_rigs, name)
firmware_rigs.EVERY[:] = [opener for name in LISTS for opener in getattr(guest_rigs, name)]
