"""Forms as bytes, also those that end too early."""

from __future__ import annotations

from typing import Any

BOUNDARY = "aB0"


def unclosed(content: bytes, end: str = "", **fields: str) -> dict[str, Any]:
    """What httpx sends of a form with a file, without its closing boundary. ``end``: what stands in its place."""
    before = "".join(
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n' for name, text in fields.items()
    )
    head = f'{before}--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.img"\r\n\r\n'
    body = head.encode() + content + end.encode()
    return {"content": body, "headers": {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}}


CLOSED = f"\r\n--{BOUNDARY}--\r\n"
ENDS = ("", f"\r\n--{BOUNDARY}", f"\r\n--{BOUNDARY}-", f"\r\n--{BOUNDARY}\r\n")
"""What is no end of a form."""
