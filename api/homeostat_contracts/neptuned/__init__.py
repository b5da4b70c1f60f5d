"""Neptuned: accounts with bans, machines of a device model that JSON Patch changes, and screens by WebRTC."""
