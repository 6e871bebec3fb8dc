"""承诺时限: by which working day a promised item is ready, and what a changed calendar does to it."""
