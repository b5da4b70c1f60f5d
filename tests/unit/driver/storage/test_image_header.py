"""Reading the first bytes of whatever was fetched never fails, and never takes more than it is given."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from homeostat.driver.storage.formats.header import qcow2_header, sniff
from tests.unit.images import qcow2

_MAGIC = st.sampled_from([b"", b"QFI\xfb\0\0\0\3", b"QFI\xfb\0\0\0\2", b"KDMV", b"<", b"\xef\xbb\xbf<!--"])


@given(_MAGIC, st.binary(max_size=700))
def test_any_bytes_have_a_verdict(magic: bytes, rest: bytes) -> None:
    head = magic + rest
    found = sniff(head, len(head))
    assert found.format in ("raw", "qcow2", "vmdk", "iso")
    qcow2_header(head)


@given(st.integers(0, 2**64 - 1), st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=200))
def test_size_and_backing_file_are_read(size: int, backing: str) -> None:
    found = qcow2_header(qcow2(size, backing))
    assert found is not None
    assert (found.virtual_size, found.backing) == (size, backing or None)


def test_a_cd_is_known() -> None:
    assert sniff(b"\0" * 32769 + b"CD001" + bytes(2048), 40_000).format == "iso"
