"""An image from the browser's disk: in parts, which go on where they were after a cut."""

from __future__ import annotations

import base64
import os
import signal
from pathlib import Path

from tests.api.harness import serving
from tests.api.living import Living
from tests.api.modes import backend
from tests.page.conftest import Opens
from tests.page.steps import press
from tests.rig.browser import browse
from tests.rig.program import Running
from tests.rig.waiting import free_port, wait_until

SIZE = 40 * 2**20  # bytes: three parts
FORM = "document.querySelector('form.card')"


def image(folder: Path) -> Path:
    """Makes a disk that a machine could boot, as far as is judged: with a boot sector."""
    file = folder / "disk.raw"
    with file.open("wb") as disk:
        disk.write(b"\xfa" + b"\x90" * 509 + b"\x55\xaa")
        disk.truncate(SIZE)
    return file


def test_it_arrives_whole_and_goes_on_after_a_cut(real: Living, opens: Opens, name: str, tmp_path: Path) -> None:
    with opens("images") as page:
        page.wait(FORM, "the form")
        page.attach("input[type=file]", image(tmp_path))
        page.run(f"{FORM}.elements.name.value = {name!r}")
        # The second part is cut: as a network that fails for a moment.
        page.run(
            """{
              const real = window.fetch;
              let parts = 0;
              window.sent = [];
              window.fetch = (path, options) => {
                if (options?.method === "PATCH") {
                  window.sent.push(options.headers["Upload-Offset"]);
                  if (++parts === 2) return Promise.reject(new TypeError("cut"));
                }
                return real(path, options);
              };
            }"""
        )
        press(page, "Upload")
        page.shows(f"{name} is uploaded")
        assert page.run("window.sent.join()") == f"0,{16 * 2**20},{16 * 2**20},{32 * 2**20}"
        wait_until(lambda: real.http.get(f"/api/v1/images/{name}").json()["status"]["phase"] == "Ready", 20, "it is ready")
        page.wait(f"document.querySelector('table')?.innerText.includes('{name}')", "it is in the list")


def test_what_is_no_image_is_refused_with_the_reason(real: Living, opens: Opens, name: str, tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("no disk\n" * 20_000)
    with opens("images") as page:
        page.wait(FORM, "the form")
        page.attach("input[type=file]", text)
        page.run(f"{FORM}.elements.name.value = {name!r}")
        press(page, "Upload")
        page.wait(f"{FORM}.querySelector('.failure')", "it is refused")
        assert page.run("Object.keys(localStorage).filter(key => key.startsWith('homeostat.upload')).length") == 0
        assert real.http.get(f"/api/v1/images/{name}").status_code == 404


def test_one_that_was_begun_elsewhere_can_be_ended(real: Living, opens: Opens, name: str, tmp_path: Path) -> None:
    about = {"Upload-Length": str(SIZE), "Upload-Metadata": f"name {base64.b64encode(name.encode()).decode()}"}
    real.http.post("/api/v1/uploads", headers={"Tus-Resumable": "1.0.0", **about}).raise_for_status()
    with opens("images") as page:
        page.shows("Uploads under way")
        page.attach("input[type=file]", image(tmp_path))
        page.run(f"{FORM}.elements.name.value = {name!r}")
        press(page, "Upload")
        page.shows("go on with that, or end it first")
        press(page, "End")
        page.shows("What has arrived of it")
        press(page, "End")
        page.wait("!document.body.innerText.includes('Uploads under way')", "it has ended")
        press(page, "Upload")
        page.shows(f"{name} is uploaded")


def kill(process: Running) -> None:
    """Kills a server with its workers, which would end what they have begun."""
    workers = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    for pid in (process.pid, *map(int, workers)):
        os.kill(pid, signal.SIGKILL)


def test_it_goes_on_with_a_server_that_was_killed_in_the_middle(tmp_path: Path, name: str) -> None:
    port, where = free_port(), backend(tmp_path)
    with serving(tmp_path, port=port, where=where) as api:
        browser = browse(f"http://127.0.0.1:{port}/#/images", tmp_path / "profile")
        page = browser.__enter__()
        page.wait(FORM, "the form")
        page.attach("input[type=file]", image(tmp_path))
        page.run(f"{FORM}.elements.name.value = {name!r}")
        page.run(
            """{
              const real = window.fetch;
              window.sent = [];
              window.fetch = async (path, options) => {
                if (options?.method === "PATCH") {
                  window.sent.push(options.headers["Upload-Offset"]);
                  if (window.sent.length === 2) await new Promise((go) => (window.goOn = go));
                }
                return real(path, options);
              };
            }"""
        )
        press(page, "Upload")
        page.wait("window.goOn", "the second part is about to be sent")
        kill(api.process)
    try:
        page.run("window.goOn()")
        with serving(tmp_path, port=port, where=where) as api:
            page.shows(f"{name} is uploaded", 60)
            assert page.run("window.sent.join()") == f"0,{16 * 2**20},{16 * 2**20},{32 * 2**20}"
            assert api.http.get(f"/api/v1/images/{name}").status_code == 200
    finally:
        browser.__exit__(None, None, None)
