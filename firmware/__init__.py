"""Everything of One Window that touches a wire."""

__version__ = "0.1.0"
