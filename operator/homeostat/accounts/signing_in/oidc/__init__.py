"""Signing in by an OpenID Connect provider: what is asked of it, what of its answers is believed, and whose account that is."""
