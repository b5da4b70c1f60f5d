"""Which right each operation of a contract takes, by path and method."""

from __future__ import annotations

from collections.abc import Mapping

from homeostat_api.http.rights import Door, Need, Right

SEE, CHANGE, ADMINISTER = Right.SEE, Right.CHANGE, Right.ADMINISTER
OPEN, KNOWN = Door.OPEN, Door.KNOWN


def _twice(prefix: str, rows: Mapping[str, Mapping[str, Need]]) -> dict[str, Mapping[str, Need]]:
    """Each of the rows at two paths: a bare one, and one below ``prefix``."""
    return {f"{place}/{name}": row for name, row in rows.items() for place in ("", prefix)}


ROWS: dict[str, Mapping[str, Mapping[str, Need]]] = {
    "limen": {
        "/api/auth/login": {"POST": OPEN},
        "/api/auth/refresh": {"POST": OPEN},
        "/api/auth/register": {"POST": OPEN},
        "/api/auth/session": {"GET": OPEN, "POST": OPEN, "DELETE": OPEN},
        "/api/health": {"GET": OPEN},
        "/api/health_proxy": {"GET": OPEN},
        "/api/quota": {"GET": KNOWN},
        "/api/vms": {"GET": SEE, "POST": CHANGE},
        "/api/vms/{vm}/action": {"POST": CHANGE},
        "/api/vms/{vm}/console": {"GET": SEE},
        "/vnc": {"GET": OPEN, "WEBSOCKET": SEE},
        "/vnc/{vm}": {"GET": OPEN, "WEBSOCKET": SEE},
        "/ws/vnc": {"GET": OPEN, "WEBSOCKET": SEE},
    },
    "neptuned": {
        "/api/v0/admin/config": {"GET": ADMINISTER, "PATCH": ADMINISTER},
        "/api/v0/admin/users": {"GET": ADMINISTER},
        "/api/v0/admin/users/create": {"POST": ADMINISTER},
        "/api/v0/admin/users/{user_id}": {"GET": ADMINISTER, "DELETE": ADMINISTER},
        "/api/v0/admin/users/{user_id}/ban": {"POST": ADMINISTER},
        "/api/v0/admin/users/{user_id}/change_password": {"POST": ADMINISTER},
        "/api/v0/admin/users/{user_id}/change_type": {"POST": ADMINISTER},
        "/api/v0/admin/users/{user_id}/unban": {"POST": ADMINISTER},
        "/api/v0/admin/vms/create": {"POST": ADMINISTER},
        "/api/v0/admin/vms/list": {"GET": ADMINISTER},
        "/api/v0/admin/vms/{vm}": {"GET": ADMINISTER, "DELETE": ADMINISTER, "PATCH": ADMINISTER},
        "/api/v0/change_password": {"POST": KNOWN},
        "/api/v0/connect/{vm}": {"WEBSOCKET": KNOWN},
        "/api/v0/delete_account": {"POST": KNOWN},
        "/api/v0/health": {"GET": OPEN},
        "/api/v0/list": {"GET": OPEN},
        "/api/v0/list/{vm}": {"GET": OPEN},
        "/api/v0/login": {"POST": OPEN},
        "/api/v0/logout": {"POST": KNOWN},
        "/api/v0/register": {"POST": OPEN},
        "/api/v0/screenshot/{vm}": {"GET": OPEN},
    },
    "qemu-manager": {
        "/api/disks": {"GET": SEE, "POST": CHANGE},
        "/api/disks/upload": {"POST": CHANGE},
        "/api/disks/{disk_id}": {"GET": SEE, "DELETE": CHANGE},
        "/api/health": {"GET": OPEN},
        "/api/isos": {"GET": SEE},
        "/api/isos/upload": {"POST": CHANGE},
        "/api/isos/{iso_id}": {"GET": SEE, "DELETE": CHANGE},
        "/api/vms": {"GET": SEE, "POST": CHANGE},
        "/api/vms/{vm_id}": {"GET": SEE, "DELETE": CHANGE},
        "/api/vms/{vm_id}/disks/attach": {"POST": CHANGE},
        "/api/vms/{vm_id}/disks/detach": {"POST": CHANGE},
        "/api/vms/{vm_id}/iso/mount": {"POST": CHANGE},
        "/api/vms/{vm_id}/iso/unmount": {"POST": CHANGE},
        "/api/vms/{vm_id}/resources": {"PATCH": CHANGE},
        "/api/vms/{vm_id}/start": {"POST": CHANGE},
        "/api/vms/{vm_id}/stop": {"POST": CHANGE},
        "/api/vnc/{vm_id}": {"WEBSOCKET": SEE},
        "/vnc-viewer.html": {"GET": SEE},
        "/web/{file:path}": {"GET": SEE},
    },
    "vm-share": {
        **_twice("/auth", {"login": {"POST": OPEN}, "register": {"POST": OPEN}, "token": {"POST": OPEN}}),
        **_twice("/auth", {"logout": {"POST": CHANGE}, "me": {"GET": KNOWN}, "user_info": {"GET": SEE}}),
        **_twice("/vm", {name: {"POST": CHANGE} for name in ("run-script", "run-iso", "run_snapshot", "snapshot")}),
        **_twice("/vm", {"get_user_snapshots": {"GET": SEE}, "remove_snapshot": {"POST": CHANGE}}),
        "/api/post": {"POST": CHANGE},
        "/api/sessions/active": {"GET": OPEN},
        "/feedback": {"POST": KNOWN},
        "/health": {"GET": OPEN},
        "/metrics_json": {"GET": Right.MODERATE},
        "/novnc/vnc.html": {"GET": SEE},
        "/pages/pages.css": {"GET": OPEN},
        "/pages/profile.js": {"GET": OPEN},
        "/pages/signup.js": {"GET": OPEN},
        "/profile": {"GET": OPEN},
        "/sessions/active": {"GET": OPEN},
        "/signup": {"GET": OPEN},
        "/web/{file:path}": {"GET": SEE},
        "/ws/{vmid}": {"WEBSOCKET": SEE},
    },
}

ERRORS: dict[str, set[str]] = {
    "qemu-manager": {"error", "timestamp"},
    "neptuned": {"error"},
    "vm-share": {"detail"},
    "limen": {"code", "message", "error"},
}
"""The fields of an error."""
