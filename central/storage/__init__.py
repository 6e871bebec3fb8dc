"""The book and its tables on SQLite or PostgreSQL."""
