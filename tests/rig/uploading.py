"""What an upload asks of the Images, where a test is about the upload alone."""

from __future__ import annotations

from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

from homeostat.accounts.actor import HOUSE
from homeostat.models.base import Key
from homeostat.models.image import Image
from homeostat.service.charges.ledger import NoLedger
from homeostat.service.naming.marks import Marks


class ImagesOfNobody:
    """The Images of a namespace, as the server itself uploads them. Any may be uploaded; none is ever made."""

    asking = SimpleNamespace(actor=HOUSE, noting=lambda *_: nullcontext(), ledger=NoLedger())

    def __init__(self, namespace: str = "default") -> None:
        self.namespace = namespace

    def key(self, name: str) -> Key:
        return Key(Image.KIND, self.namespace, name)

    async def check_upload(self, name: str) -> None:
        return

    async def is_file_of_any(self, file: str) -> bool:
        return False

    async def uploaded(self, name: str, sha256: str, format: str, marks: Marks) -> Any:
        raise AssertionError("it became an image")
