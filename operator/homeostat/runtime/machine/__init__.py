"""Reconciles machines on one host, and places those that are on none yet."""
