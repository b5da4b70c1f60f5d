"""The only code that talks to libvirt."""
