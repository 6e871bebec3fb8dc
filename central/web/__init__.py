"""The pages of central: hall board, desks, pickup window, administrator. Live by server-sent events."""

from __future__ import annotations

from central.web.app import create_app

__all__ = ["create_app"]
