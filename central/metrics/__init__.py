"""The hall's figures: waiting, intake, the queue, the same-day share, promises kept."""
