"""Uploads that only begin are files, too: there is a most of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from homeostat.driver.storage.images import uploads
from homeostat.driver.storage.images.uploads import TooManyUploads, Upload, UploadFolder


def test_security_6_no_more_begin_than_there_may_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MOST", 3)
    folder = UploadFolder(tmp_path)
    first, *_ = [folder.begin(Upload("", "default", f"image-{number}", 10)) for number in range(3)]
    with pytest.raises(TooManyUploads, match="3 uploads are under way"):
        folder.begin(Upload("", "other", "image", None))
    assert len(list(folder.folder.glob("*.json"))) == 3, "nothing is left of it"
    folder.close(replace(first, found="0" * 64))
    last = folder.begin(Upload("", "other", "image", None))
    with pytest.raises(TooManyUploads):
        folder.begin(Upload("", "default", "image-0", 10))
    folder.discard(last)
    assert folder.begin(Upload("", "default", "image-0", 10)).id
