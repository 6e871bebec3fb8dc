"""One window, kiosk, station or board of a service hall."""

__version__ = "0.1.0"
