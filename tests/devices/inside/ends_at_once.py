"""Named to pytest with -p: the process ends with pytest's verdict, without taking the interpreter apart.

Processes that used lgpio 0.2.2 crash there as Python ends (SIGSEGV with no Python frame, after all tests have passed
and all devices are closed), in the guest and in the root. That lgpio is the cause is likely and not proved. The verdict
is of the tests; the crash is noted in the bench's README.
"""

from __future__ import annotations

import os
import sys

import pytest

_codes: list[int] = []


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    _codes.append(int(exitstatus))


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(_codes[-1] if _codes else 4)
