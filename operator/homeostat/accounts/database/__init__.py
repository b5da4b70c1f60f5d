"""The accounts database: its tables, its formats, and copies of it."""
