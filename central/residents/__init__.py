"""Who the residents are and what they handed in: outside the book, each under a key of their own."""
