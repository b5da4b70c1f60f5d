"""What is served at the paths."""
