"""What central says of its own accord: calls until they were shown, and how the queue stands."""
