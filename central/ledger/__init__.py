"""The hall's book: facts, the entries that hold them, and the unit of work that appends them."""
