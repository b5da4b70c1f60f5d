"""Query parameters of the contract that several of its routes share."""

from __future__ import annotations

from homeostat_api.http.operations import Parameter

VIEWS = ("summary", "resource")
WAIT_MAX = 86_400  # seconds

PLUGIN = Parameter("plugin", {"type": "string"}, "Only machines of this plugin.")
FORCE = Parameter("force", {"type": "boolean", "default": False}, "Cut the power instead of asking the guest to shut down.")
WAIT = Parameter(
    "wait",
    {"type": "integer", "minimum": 0, "maximum": WAIT_MAX},
    "Seconds to wait for the guest to be off. Default: the machine's grace period and a margin. Our extension.",
)
VIEW = Parameter(
    "view",
    {"type": "string", "enum": list(VIEWS), "default": "summary"},
    "resource: the whole resource with spec, status and conditions, instead of the contract's fields. Our extension.",
)
