"""What a guest writes on its console, as plain text. Colours are left out, and everything else that a terminal obeys is spelled
out."""

from __future__ import annotations

import codecs
import re

from homeostat.models.outside import printable

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_BEGUN = re.compile(r"(\r|\x1b(\[[0-9;]{0,32})?)\Z")  # the next block may make a colour or the end of a line of this


class GuestText:
    """Takes the log block by block, wherever the blocks are cut."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
        self._unfinished = ""

    def shown(self, block: bytes) -> bytes:
        text = self._unfinished + self._decoder.decode(block)
        begun = _BEGUN.search(text)
        self._unfinished = begun.group() if begun else ""
        text = _COLOUR.sub("", text.removesuffix(self._unfinished))
        lines = re.split(r"(\t|\r*\n)", text)
        return "".join(part.lstrip("\r") if part.endswith(("\t", "\n")) else printable(part) for part in lines).encode()
