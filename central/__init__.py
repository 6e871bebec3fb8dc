"""The ledger service of a service hall and its web pages."""

__version__ = "0.1.0"
