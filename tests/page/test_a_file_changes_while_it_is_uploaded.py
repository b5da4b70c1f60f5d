"""A file that changes on its disk while it is uploaded: the page says so, and not that a network fails."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.page.conftest import Opens
from tests.page.steps import press
from tests.page.test_an_image_is_uploaded import FORM, SIZE, image
from tests.rig.browser import BROWSER

pytestmark = pytest.mark.skipif(
    os.environ.get(BROWSER) == "firefox", reason="Firefox reads what is there by then, and tells nobody"
)


def test_a_file_that_changes_meanwhile_is_named_as_the_reason(opens: Opens, name: str, tmp_path: Path) -> None:
    file = image(tmp_path)
    with opens("images") as page:
        page.wait(FORM, "the form")
        page.attach("input[type=file]", file)
        page.run(f"{FORM}.elements.name.value = {name!r}")
        page.run(
            """{
              const real = window.fetch;
              const goOn = new Promise((go) => { window.goOn = go; });
              let parts = 0;
              window.fetch = async (path, options) => {
                if (options?.method === "PATCH" && ++parts === 2) {
                  window.waits = true;
                  await goOn;
                }
                return real(path, options);
              };
            }"""
        )
        press(page, "Upload")
        page.wait("window.waits", "one part is there")
        with file.open("r+b") as disk:
            disk.truncate(SIZE + 512)
        page.run("window.goOn()")
        page.shows("The file has changed since it was chosen")
        press(page, "End")
        page.shows("What has arrived of it")
        press(page, "End")
        page.wait("!document.body.innerText.includes('Uploads under way')", "it has ended, as one was to do")
