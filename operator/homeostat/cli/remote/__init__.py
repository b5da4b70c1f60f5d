"""A REST API elsewhere, as a place where commands find resources."""
