"""Copies of disks as downloads: whole, resumed where it is the same file, and nothing of them stays."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from tests.api.disk_copies import DISKS, MIB, contents, described, kept, made
from tests.api.harness import Api, refused, serving


@pytest.fixture(autouse=True)
def served(api: Api) -> None:
    (api.state / "libvirt").write_text("test:///default\n")


def test_it_is_whole_and_nothing_of_it_stays(api: Api, name: str, tmp_path: Path) -> None:
    path = made(api, name)
    answer = api.http.get(f"{DISKS}/{name}/export")
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert f"{name}.qcow2" in answer.headers["Content-Disposition"]
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    assert answer.headers["ETag"] == f'"{hashlib.sha256(answer.content).hexdigest()}"'
    (tmp_path / "copy").write_bytes(answer.content)
    found = described(tmp_path / "copy")
    assert found["format"] == "qcow2" and "backing-filename" not in found
    assert contents(tmp_path / "copy") == path.read_bytes()
    assert kept(api) == []


def test_what_was_cut_goes_on_where_it_is_the_same_file(api: Api, name: str) -> None:
    path = made(api, name)
    url = f"{DISKS}/{name}/export"
    whole = api.http.get(url)
    size, half = len(whole.content), len(whole.content) // 2
    same = {"If-Range": whole.headers["ETag"]}
    rest = api.http.get(url, headers={"Range": f"bytes={half}-", **same})
    assert (rest.status_code, rest.headers["Content-Range"]) == (206, f"bytes {half}-{size - 1}/{size}")
    assert whole.content[:half] + rest.content == whole.content
    tail = api.http.get(url, headers={"Range": "bytes=-16", **same})
    assert (tail.status_code, tail.content) == (206, whole.content[-16:])
    middle = api.http.get(url, headers={"Range": "bytes=4-7", **same})
    assert (middle.status_code, middle.content) == (206, whole.content[4:8])
    beyond = api.http.get(url, headers={"Range": f"bytes={size}-", **same})
    refused(beyond, 416, "range_refused")
    assert beyond.headers["Content-Range"] == f"bytes */{size}"
    for several in ("bytes=0-1,4-5", "lines=1-2", "bytes=x-"):
        assert api.http.get(url, headers={"Range": several, **same}).status_code == 200
    assert api.http.get(url, headers={"Range": f"bytes={half}-"}).status_code == 200, "it may be another file by now"
    path.write_bytes(os.urandom(4 * MIB))
    another = api.http.get(url, headers={"Range": f"bytes={half}-", **same})
    assert (another.status_code, len(another.content)) == (200, size)
    assert kept(api) == []


def test_to_head_it_makes_no_copy(api: Api, name: str) -> None:
    path = made(api, name)
    path.unlink()  # it would fail
    answer = api.http.head(f"{DISKS}/{name}/export")
    assert (answer.status_code, answer.headers["Accept-Ranges"]) == (200, "bytes")
    assert "Content-Length" not in answer.headers


def test_what_is_not_there_is_refused(api: Api, name: str) -> None:
    refused(api.http.get(f"{DISKS}/nobody/export"), 404, "disk_not_found")
    assert api.http.post(DISKS, json={"name": name, "spec": {"size": "1Mi"}}).status_code == 201
    refused(api.http.get(f"{DISKS}/{name}/export"), 409, "disk_not_there")
    made(api, f"{name}-x").unlink()
    refused(api.http.get(f"{DISKS}/{name}-x/export"), 503, "export_failed")
    api.create(f"{name}-vm", spec={"disks": [{"name": "root", "size": "1Mi"}]})
    refused(api.http.get(f"/api/v1/vms/{name}-vm/disks/root/export"), 409, "disk_not_there")
    refused(api.http.get(f"/api/v1/vms/{name}-vm/disks/rot/export"), 404, "device_not_found")
    refused(api.http.get("/api/v1/vms/nobody/disks/root/export"), 404, "vm_not_found")
    refused(api.http.get("/api/v1/snapshots/nobody/export"), 404, "snapshot_not_found")
    for url in (f"{DISKS}/nobody/export", f"{DISKS}/%00%0d%0a/export", f"/api/v1/vms/{name}-vm/disks/%22%00/export"):
        answer = api.http.head(url)
        assert answer.status_code == 404 and "Content-Disposition" not in answer.headers
    assert api.http.head(f"{DISKS}/{name}/export").status_code == 409
    foreign = {"Sec-Fetch-Site": "cross-site"}
    refused(api.http.get(f"{DISKS}/{name}/export", headers=foreign), 403, "origin_refused")
    assert kept(api) == []


def test_none_where_none_is_allowed(tmp_path: Path, name: str) -> None:
    with serving(tmp_path, "--max-exports", "0") as api:
        (api.state / "libvirt").write_text("test:///default\n")
        made(api, name)
        refused(api.http.get(f"{DISKS}/{name}/export"), 429, "exports_at_limit")
