"""Drop-ins for the drivers, chosen in the settings, never a fallback. Opened by bench.py alone."""
