from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.api.harness import Api, manifest, refused, serving

SECRETS = [
    "file:///etc/shadow",
    "file:///etc/../etc/shadow",
    "file:///proc/self/environ",
    "http://169.254.169.254/",
    "http://169.254.169.254/latest/meta-data/iam/security-credentials/",
    "http://[fd00:ec2::254]/latest/",
    "http://[::ffff:169.254.169.254]/",
    "http://100.100.100.200/",
]


def bodies(name: str, url: str) -> list[tuple[str, dict[str, Any]]]:
    """Every way in which a request can name an image."""
    disk = {"disks": [{"name": "data", "image": {"url": url}}]}
    kernel = {"boot": {"kernel": {"url": url}}}
    cdrom = {"disks": [{"name": "cd", "type": "cdrom", "image": {"url": url}}]}
    plugins = [
        manifest(name, rootfs={"url": url}),
        manifest(name, rootfs=None, kernel={"url": url}),
        manifest(name, kernel={"url": "https://example.com/vmlinuz"}, initramfs={"url": url}),
        {"name": name, "spec": {"version": "1", "rootfs": {"url": "https://example.com/x"}, **disk}},
    ]
    return [
        *(("/api/v1/plugins", body) for body in plugins),
        *(("/api/v1/vms", {"name": name, "spec": spec}) for spec in (disk, kernel, cdrom)),
        ("/api/v1/deployments", {"name": name, "spec": {"template": {"spec": disk}}}),
    ]


@pytest.mark.parametrize("url", SECRETS)
def test_no_request_makes_the_operator_read_secrets(api: Api, name: str, url: str) -> None:
    for path, body in bodies(name, url):
        answer = api.http.post(path, json=body)
        assert refused(answer, 400, "source_refused")["source"] == url, body
        assert url.split("/")[2] in answer.json()["error"] or "/etc/shadow" in answer.json()["error"] or "/proc" in url
        assert ("--image-folder" in answer.json()["error"]) is url.startswith("file:"), "it is about files of this host"
    assert not [file for file in api.folder.rglob("*.yaml") if file.stem == name]


def test_changes_are_held_to_the_same(api: Api, name: str) -> None:
    api.create(name)
    patch = {"boot": {"kernel": {"url": "file:///etc/shadow"}}}
    spec = f"/api/v1/vms/{name}/spec"
    refused(api.http.patch(spec, json=patch), 400, "source_refused")
    refused(api.http.put(spec, json=patch), 400, "source_refused")
    nulls = {"boot": {"kernel": {"url": "file:///etc/shadow", "path": None}}, "disks": None}
    refused(api.http.put(spec, json=nulls), 400, "source_refused")
    assert api.http.get(spec).json() == {}
    api.install(f"p-{name}")
    api.deploy(name, f"p-{name}")
    deployment = f"/api/v1/deployments/{name}/spec"
    refused(api.http.patch(deployment, json={"template": {"spec": patch}}), 400, "source_refused")


@pytest.mark.parametrize("path", ["/etc/shadow", "relative.qcow2", "../../etc/shadow"])
def test_paths_are_confined_too(api: Api, name: str, path: str) -> None:
    spec = {"disks": [{"name": "root", "image": {"path": path}}]}
    refused(api.http.post("/api/v1/vms", json={"name": name, "spec": spec}), 400, "source_refused")
    answer = api.http.post("/api/v1/vms", json={"name": name, "spec": {"display": {"vnc": {"passwordFile": path}}}})
    refused(answer, 400, "source_refused")


def test_what_the_folder_declares_is_its_owners_word(own_api: Api) -> None:
    own_api.create("web")
    file = own_api.folder / "virtualmachines" / "web.yaml"
    local = "disks: [{name: root, image: {path: /srv/images/web.qcow2}}]"
    file.write_text(f"apiVersion: homeostat.dev/v1alpha1\nkind: VirtualMachine\nmetadata: {{name: web}}\nspec: {{{local}}}\n")
    own_api.where.store.sync()
    changed = own_api.http.patch("/api/v1/vms/web/spec", json={"resources": {"vcpu": 2}})
    assert changed.status_code == 200, changed.text
    assert changed.json()["spec"]["disks"][0]["image"] == {"path": "/srv/images/web.qcow2"}


def test_only_files_of_the_folders_that_were_named(tmp_path: Path) -> None:
    images = tmp_path / "images"
    images.mkdir()
    (images / "web.qcow2").write_bytes(b"")
    (images / "link.qcow2").symlink_to("/etc/passwd")
    (tmp_path / "outside.qcow2").write_bytes(b"")
    with serving(tmp_path, "--image-folder", str(images)) as api:
        api.install("web", rootfs={"url": (images / "web.qcow2").as_uri()})
        for index, wrong in enumerate((images / "link.qcow2", images / ".." / "outside.qcow2", tmp_path / "outside.qcow2")):
            body = manifest(f"p{index}", rootfs={"url": f"file://{wrong}"})
            refused(api.http.post("/api/v1/plugins", json=body), 400, "source_refused")
        state = {"url": (api.state / "index.sqlite").as_uri()}
        refused(api.http.post("/api/v1/plugins", json=manifest("state", rootfs=state)), 400, "source_refused")


def test_the_kernel_of_plugins_without_one_is_the_servers(tmp_path: Path) -> None:
    brings = manifest("web", rootfs=None, initramfs={"url": "https://example.com/web.cpio.gz"})
    with serving(tmp_path, "--plugin-kernel", "/boot/vmlinuz") as api:
        made = api.http.post("/api/v1/plugins", json=brings)
        assert made.status_code == 201, made.text
        assert made.json()["kernel"]["url"] == "file:///boot/vmlinuz"


def test_password_files_are_taken_from_any_folder_that_was_named(tmp_path: Path) -> None:
    for folder in ("images", "more", "more-of-it"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "vnc").write_text("secret")
    named = ("--image-folder", str(tmp_path / "images"), "--image-folder", str(tmp_path / "more"))
    with serving(tmp_path, *named) as api:
        folders = {"images": 201, "more": 201, "more-of-it": 400, "more/../more-of-it": 400}
        for number, (folder, status) in enumerate(folders.items()):
            vnc = {"display": {"vnc": {"passwordFile": f"{tmp_path}/{folder}/vnc"}}}
            answer = api.http.post("/api/v1/vms", json={"name": f"vm-{number}", "spec": vnc})
            assert answer.status_code == status, (folder, answer.text)
        relative = os.path.relpath(tmp_path / "more" / "vnc")  # the operator would take it from the document's folder
        answer = api.http.post("/api/v1/vms", json={"name": "vm", "spec": {"display": {"vnc": {"passwordFile": relative}}}})
        refused(answer, 400, "source_refused")
