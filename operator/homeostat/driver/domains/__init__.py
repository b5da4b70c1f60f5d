"""Domains: what is known of them, and the actions on them."""
