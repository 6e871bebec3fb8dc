"""排队叫号: who is called next, to which window, and what becomes of a number that nobody answers."""
