"""What may be said on the wire of One Window."""

__version__ = "0.1.0"
