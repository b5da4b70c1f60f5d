"""Probes: how to ask about the health of what a machine runs. Names, defaults and meaning are Kubernetes'."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from .addresses import Port
from .base import Model
from .bounds import WORDS_MAX


class HttpHeader(Model):
    """One header of the request."""

    name: str = Field(min_length=1, max_length=256, pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$", description="Header name.")
    value: str = Field(max_length=4096, pattern=r"^[^\r\n]*$", description="Header value.")


class HttpGet(Model):
    """A GET that answers 200 to 399 is a success; redirects are not followed."""

    port: Port = Field(description="Port of the guest.")
    path: str = Field(default="/", max_length=2048, pattern=r"^/[^\s\r\n]*$", description="Path to get.")
    scheme: Literal["HTTP", "HTTPS"] = Field(default="HTTP", description="HTTPS accepts any certificate, as the kubelet does.")
    http_headers: tuple[HttpHeader, ...] = Field(default=(), max_length=WORDS_MAX, description="Headers to send.")


class TcpSocket(Model):
    """A connection that is accepted is a success."""

    port: Port = Field(description="Port of the guest.")


class GuestAgentPing(Model):
    """An answer of the QEMU guest agent is a success."""


class Exec(Model):
    """A command run in the guest by its agent; exit code 0 is a success."""

    command: tuple[Annotated[str, Field(max_length=4096)], ...] = Field(
        min_length=1, max_length=WORDS_MAX, description="Program and arguments; no shell."
    )


class Probe(Model):
    """One probe: exactly one of httpGet, tcpSocket, guestAgentPing and exec."""

    http_get: HttpGet | None = None
    tcp_socket: TcpSocket | None = None
    guest_agent_ping: GuestAgentPing | None = None
    exec: Exec | None = None
    initial_delay_seconds: int = Field(
        default=0, ge=0, le=86_400, strict=True, description="After the start, before the first try."
    )
    period_seconds: int = Field(default=10, ge=1, le=86_400, strict=True, description="Between two tries.")
    timeout_seconds: int = Field(default=1, ge=1, le=3600, strict=True, description="How long a try may take.")
    success_threshold: int = Field(default=1, ge=1, le=1000, strict=True, description="Successes in a row that turn it healthy.")
    failure_threshold: int = Field(default=3, ge=1, le=1000, strict=True, description="Failures in a row that turn it unhealthy.")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if sum(x is not None for x in (self.http_get, self.tcp_socket, self.guest_agent_ping, self.exec)) != 1:
            raise ValueError("give exactly one of httpGet, tcpSocket, guestAgentPing and exec")
        return self


class Probes(Model):
    """Startup holds the others back until it succeeds; liveness restarts; readiness feeds the condition Ready."""

    startup: Probe | None = Field(default=None, description="Until it succeeds, the others are not tried.")
    liveness: Probe | None = Field(default=None, description="Restarts a machine that fails it.")
    readiness: Probe | None = Field(default=None, description="Whether the machine counts as Ready.")

    @model_validator(mode="after")
    def _thresholds(self) -> Self:
        for name in ("startup", "liveness"):
            probe = getattr(self, name)
            if probe is not None and probe.success_threshold != 1:
                raise ValueError(f"{name}.successThreshold must be 1")
        return self
