"""One file per command; ``cli.main`` names them, and loads the one that is called.

A command imports at the top. Imported late is only what ``--help`` shall not wait for: a libvirt host, the store, rich, and
Kubernetes' packages, which need not be there.
"""
