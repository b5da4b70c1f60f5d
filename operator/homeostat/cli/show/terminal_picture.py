"""Pictures in terminals that can show them: by kitty's protocol (sw.kovidgoyal.net/kitty/graphics-protocol), or by iTerm2's
(iterm2.com/documentation-images.html). A terminal says in the environment which one it is."""

from __future__ import annotations

import base64
import os
import sys
from collections.abc import Mapping

from ..errors import CliError

_PART = 4096  # bytes of base64 that kitty takes at once


def picture_in_terminal(png: bytes, environment: Mapping[str, str] = os.environ) -> str:
    """Returns what is printed so that the terminal shows a PNG.

    Raises:
        CliError: there is none that can.
    """
    name, kind = environment.get("TERM_PROGRAM", ""), environment.get("TERM", "")
    text = base64.b64encode(png).decode("ascii")
    if sys.stdout.isatty():
        if kind in ("xterm-kitty", "xterm-ghostty"):
            return _kitty(text)
        if name in ("iTerm.app", "WezTerm"):
            return f"\x1b]1337;File=inline=1;size={len(png)}:{text}\x07"
    raise CliError("this is no terminal that can show pictures", "write it to a file: -o FILE.png")


def _kitty(text: str) -> str:
    parts = [text[at : at + _PART] for at in range(0, len(text), _PART)]
    first, last = "a=T,f=100,", len(parts) - 1
    return "".join(f"\x1b_G{first if at == 0 else ''}m={int(at < last)};{part}\x1b\\" for at, part in enumerate(parts))
