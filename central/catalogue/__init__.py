"""事项: what the hall does for people, which papers each item needs, which desk decides it, by when."""
