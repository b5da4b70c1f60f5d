"""The address of an image: which characters it may have, so that every reader reads the same and a server can be asked. Pure.

The characters are those of RFC 3986 without the apostrophe, which ends an address in shells, YAML and messages.
"""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import quote, urlsplit

_HOST_MAX = 253  # characters of a name (RFC 1035, 2.3.4)
_SIGN = r"A-Za-z0-9._~:/?#@!$&()*+,;=-"
_ENCODED = "%[0-9A-Fa-f]{2}"
_USER = rf"([A-Za-z0-9._~!$&()*+,;=:-]|{_ENCODED})*@"
_LABEL = "[A-Za-z0-9_-]{1,63}"
_HOST = rf"({_LABEL}(\.{_LABEL})*\.?|\[[0-9A-Fa-f:.]+\])"
_PORT = "([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
_SERVER = rf"https?://({_USER})?{_HOST}(:{_PORT}?)?"

URL_PATTERN = rf"^({_SERVER}([/?#]([{_SIGN}]|{_ENCODED})*)?|file:///([{_SIGN}]|{_ENCODED})*)$"
"""The whole rule, apart from what no pattern can say: IPv6 addresses, the numbers of IPv4 addresses, encoded names and their
length."""


def check_image_url(url: str) -> str:
    """Returns the address.

    Raises:
        ValueError: says what is wrong, and what to write instead. Repeats at most one character: more may be a password.
    """
    if not re.match("https?://|file:///", url):
        raise ValueError("must be an http://, https:// or file:/// address")
    authority = re.split("[/?#]", url.partition("://")[2], maxsplit=1)[0]
    host = authority.rpartition("@")[2]
    if not host.isascii():
        raise ValueError("names a host with letters that are no ASCII: write its name as xn--…")
    if wrong := re.search(rf"[^%{_SIGN}]|%(?![0-9A-Fa-f]{{2}})", url.replace(host, "", 1)):
        sign = wrong[0]
        raise ValueError(f"holds {sign!r}, which may not stand in a URL as it is: percent-encode it as {quote(sign, safe='')}")
    if not url.startswith("file:") and not (re.match(rf"{_SERVER}([/?#]|$)", url) and _can_be_asked(url)):
        raise ValueError("names no server that can be asked: give a host's name or address, and a port from 1 to 65535 if any")
    return url


def _can_be_asked(url: str) -> bool:
    try:
        host = urlsplit(url).hostname or ""
        if ":" in host:
            ipaddress.IPv6Address(host)
        elif re.fullmatch(r"[0-9]+(\.[0-9]+){3}", host):
            ipaddress.IPv4Address(host)
        else:
            host.encode().decode("idna")
    except ValueError:
        return False
    return 0 < len(host) <= _HOST_MAX
