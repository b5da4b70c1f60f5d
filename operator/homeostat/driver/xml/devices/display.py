"""Video card and VNC server, with a tablet so that the guest's pointer follows the viewer's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import SecretStr

from homeostat.planner.domain import DomainConfig, VncConfig

from ..elements import Element, attribute, element

PARENT = "devices"


def build(config: DomainConfig) -> Iterator[Element]:
    vnc = config.vnc
    if vnc is not None:
        yield element("input", type_="tablet", bus="usb")
        yield _listening(vnc) if vnc.listen else element("graphics", None, element("listen", type_="none"), type_="vnc")
    memory = None if config.video_memory is None else str(config.video_memory // 1024)
    kind = "vgamem" if config.video == "qxl" else "vram"  # a qxl card's vram is something else
    # Written even where there is none: libvirt would choose a video card for a machine with a display.
    yield element("video", None, element("model", type_=config.video or "none", **{kind: memory}))


def _listening(vnc: VncConfig) -> Element:
    return element(
        "graphics",
        None,
        element("listen", type_="address", address=vnc.listen),
        type_="vnc",
        port="-1" if vnc.port is None else str(vnc.port),
        autoport="yes" if vnc.port is None else "no",
        listen=vnc.listen,
        passwd=vnc.password.get_secret_value() if vnc.password else None,
    )


def parse(root: Element) -> dict[str, Any]:
    card, vnc = root.find("devices/video/model"), root.find("devices/graphics[@type='vnc']")
    video = None if card is None else card.get("type")
    memory = None if card is None else card.get("vgamem" if video == "qxl" else "vram")
    return {
        "video": None if video == "none" else video,
        "video_memory": int(memory) * 1024 if memory else None,
        "vnc": None if vnc is None else VncConfig(_listen(vnc), _fixed_port(vnc), _password(vnc)),
    }


def with_password(root: Element, password: SecretStr) -> Element:
    """Returns the VNC server of a running machine as it is, with another password.

    Raises:
        ValueError: it has none.
    """
    vnc = root.find("devices/graphics[@type='vnc']")
    if vnc is None:
        raise ValueError("the machine runs without a VNC server")
    vnc.set("passwd", password.get_secret_value())
    return vnc


def vnc_address(root: Element) -> str | None:
    """Returns address:port of a running machine's VNC server, as a viewer takes it."""
    vnc = root.find("devices/graphics[@type='vnc']")
    if vnc is None or not vnc.get("port") or vnc.get("port") == "-1":
        return None
    host = _listen(vnc)
    if host is None:
        return None
    return f"[{host}]:{vnc.get('port')}" if ":" in host else f"{host}:{vnc.get('port')}"


def _listen(vnc: Element) -> str | None:
    if attribute(vnc, "listen", "type") == "none":
        return None
    return vnc.get("listen") or attribute(vnc, "listen", "address") or "127.0.0.1"


def _password(vnc: Element) -> SecretStr | None:
    """Reads the password. libvirt gives it only where it is asked for secrets."""
    passwd = vnc.get("passwd")
    return SecretStr(passwd) if passwd is not None else None


def _fixed_port(vnc: Element) -> int | None:
    port = int(vnc.get("port", "-1"))
    return None if port < 0 or vnc.get("autoport") == "yes" else port
