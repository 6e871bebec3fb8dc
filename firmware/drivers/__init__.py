"""One file for each kind of device that can be wired. Opened by bench.py alone; hardware libraries live here only."""
