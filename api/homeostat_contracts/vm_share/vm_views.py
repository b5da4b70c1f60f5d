"""Machines as VM-share shows them. Files and sockets have handles: where they are on the server is nobody's business."""

from __future__ import annotations

from typing import Any

import falcon.asgi

from homeostat.models.machine import VirtualMachine
from homeostat.service.kinds.power import state_of
from homeostat_api.http.requests.origin import scheme_of

from .lab import has_overlay
from .marks import CUSTOM, os_of, user_of, vmid_of

AGAIN = "&reconnect=1&reconnect_delay=1500"


def shown(machine: VirtualMachine) -> dict[str, Any]:
    vmid, status = vmid_of(machine), machine.status
    return {
        "vmid": vmid,
        "user_id": user_of(machine),
        "os_type": os_of(machine),
        "overlay": f"/overlays/{vmid}.qcow2" if has_overlay(machine) else None,
        "vnc_socket": f"ws/{vmid}",
        "qmp_socket": None,
        "started_at": (status.started_at if status else None) or machine.metadata.creation_timestamp,
        "pid": status.pid if status else None,
    }


def session(machine: VirtualMachine, seen: str | None) -> dict[str, Any]:
    """Returns what everybody may know of a machine. ``seen``: when somebody last looked at its screen."""
    vmid = vmid_of(machine)
    return {
        "vmid": vmid,
        "user_id": user_of(machine),
        "os_type": os_of(machine),
        "state": str(state_of(machine)).lower(),
        "http_port": vmid,
        "created_at": machine.metadata.creation_timestamp,
        "last_seen": seen,
    }


def launched(req: falcon.asgi.Request, login: str, machine: VirtualMachine, new: bool) -> dict[str, Any]:
    """Returns the answer to whoever launches a machine."""
    vmid = vmid_of(machine)
    said = f"VM for user {login} launched (vmid={vmid})" if new else f"VM already running for user {login}"
    page = f"{scheme_of(req)}://{req.get_header('Host') or ''}/novnc/vnc.html?autoconnect=1&path=ws/{vmid}"
    return {"message": said, "vm": shown(machine), "redirect": page + (AGAIN if os_of(machine) == CUSTOM else "")}
