"""One file per command. ``cli.main`` names them, and loads the one that is called.

A command imports at the top. Only what ``--help`` must not wait for is imported late: a libvirt host, the store, rich, and
Kubernetes' packages, which may be missing.
"""
