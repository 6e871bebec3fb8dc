"""The demonstration hall, running: its processes, its addresses, and residents that walk through it."""
