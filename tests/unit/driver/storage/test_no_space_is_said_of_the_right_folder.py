"""Where qemu-img has no space left, the folder that it wrote to is named, and not that of what it read."""

from __future__ import annotations

from pathlib import Path

import pytest

from homeostat.driver.errors import NoSpace
from homeostat.driver.storage.formats import qemu_img


@pytest.mark.parametrize(
    "arguments",
    [
        ("create", "-b", "/images/base", "-F", "raw", "{}", "1024"),
        ("convert", "-n", "/images/base", "{}"),
        ("resize", "-q", "{}", "2048"),
        ("snapshot", "-c", "tag", "--image-opts", "driver=qcow2,file.driver=file,file.filename={}"),
    ],
    ids=lambda arguments: arguments[0],
)
@pytest.mark.parametrize("name", ["web", "odd,name"])
async def test_it_is_where_it_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], name: str
) -> None:
    program, folder = tmp_path / "bin" / "qemu-img", tmp_path / name
    program.parent.mkdir()
    folder.mkdir()
    program.write_text("#!/bin/sh\necho 'qemu-img: No space left on device' >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    written = str(folder / "data.qcow2")
    words = [a.format(written.replace(",", ",,") if "filename" in a else written) for a in arguments]
    with pytest.raises(NoSpace) as refused:
        await qemu_img.run(*words, doing="write")
    assert str(refused.value).startswith(f"could not write: no space is left in {folder} (")
