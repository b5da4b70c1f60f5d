"""Devices, one family per file."""
