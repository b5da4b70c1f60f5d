"""What is asked for, and how it is answered."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, JsonValue

from homeostat_api.http.words import LooseWords

MIB = 2**20
LabText = Annotated[str, Field(max_length=8192)]


class RegisterAsked(LooseWords):
    login: LabText | None = None
    password: LabText | None = None
    g_recaptcha_response: LabText | None = None


class LoginShown(LooseWords):
    username: LabText | None = None
    password: LabText | None = None
    g_recaptcha_response: LabText | None = None


class FeedbackAsked(LooseWords):
    message: Annotated[str, Field(max_length=16_384)] | None = None
    text: Annotated[str, Field(max_length=16_384)] | None = None


class ProfileAsked(LooseWords):
    os_type: LabText | None = None


class SnapshotAsked(LooseWords):
    os_type: LabText | None = None
    vmid: LabText | None = None


class SnapshotNamed(LooseWords):
    """A snapshot, by its name, or by what that is put together of."""

    snapshot: LabText | None = None
    os_type: LabText | None = None
    vmid: LabText | None = None


class Registered(LooseWords):
    message: str
    id: int
    access_token: str
    token_type: Literal["bearer"]


class TokenGiven(LooseWords):
    access_token: str
    token_type: Literal["bearer"]
    id: int


class Me(LooseWords):
    id: int
    login: str
    role: Literal["user", "moderator", "admin"]


class ActiveMachine(LooseWords):
    os_type: str | None
    vmid: str | None


class LabMessage(LooseWords):
    message: str


class FeedbackTaken(LooseWords):
    ok: Literal[True]


class IsoTaken(LooseWords):
    message: str
    user_id: str
    iso_path: str
    size: int


class VmShown(LooseWords):
    vmid: str
    user_id: str
    os_type: str
    overlay: str | None
    vnc_socket: str
    qmp_socket: str | None
    started_at: str | None
    pid: int | None


class Launched(LooseWords):
    message: str
    vm: VmShown
    redirect: str


class SessionShown(LooseWords):
    vmid: str
    user_id: str
    os_type: str
    state: str
    http_port: str
    created_at: str | None
    last_seen: str | None


class SnapshotTaken(LooseWords):
    status: Literal["ok"]
    snapshot: str
    path: str
    size_mb: float
    charged_from: str
    total_mb: float
    cap_mb: float


class SnapshotShown(LooseWords):
    name: str
    os_type: str
    vmid: str
    size_mb: float
    modified: str | None
    path: str


class SnapshotRemoved(LooseWords):
    status: Literal["ok"]
    removed: bool
    snapshot: str
    freed_mb: float
    total_mb: float


class MetricsShown(LooseWords):
    status: Literal["success"]
    data: list[dict[str, JsonValue]]


class ServiceHealth(LooseWords):
    status: Literal["ok"]


class Detail(LooseWords):
    detail: str


def megabytes(size: int) -> float:
    """Returns bytes as the contract writes them."""
    return round(size / MIB, 2)
