"""What is answered alike of every kind: lists, one of them, and what changes."""
