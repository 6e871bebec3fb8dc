"""The technician's kit: keys, halls, units."""

__version__ = "0.1.0"
