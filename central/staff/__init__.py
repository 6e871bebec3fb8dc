"""The hall's staff: what they may do, how they prove who they are."""
