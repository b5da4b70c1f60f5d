"""The connection to libvirt: its calls, its events, and its errors in our words."""
