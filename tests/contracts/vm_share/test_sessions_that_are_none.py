"""What a template says makes no session: no machine of a deployment is one, whoever wrote that."""

from __future__ import annotations

import json
from typing import Any

from tests.api.people import Person
from tests.contracts.vm_share.lab import Lab, Student


def forged(student: Student, vmid: str, owner: str) -> dict[str, str]:
    marks = {"vm-share": "session", "vm-share-user": str(student.id), "vm-share-os": "tiny", "id": vmid, "owner": owner}
    return {f"homeostat.dev/{name}": text for name, text in marks.items()}


def test_nobody_forges_one(lab: Lab, student: Student, other: Student) -> None:
    vmid = student.done("/run-script", os_type="tiny")["vm"]["vmid"]
    thief = Person(lab.served.real.http, other.login)
    for place in ("labels", "annotations"):
        template = {"metadata": {place: forged(student, vmid, other.login)}, "spec": {}}
        answer = thief.ask("POST", "deployments", json={"name": f"forged-{other.id}", "spec": {"template": template}})
        assert answer.status_code == 400 and "written by Homeostat alone" in answer.text, answer.text


def test_the_folder_makes_none_of_a_template(lab: Lab, student: Student) -> None:
    name, vmid = f"pool-{student.id}", student.done("/run-script", os_type="ubuntu")["vm"]["vmid"]
    labels = {**forged(student, vmid, student.login), "tier": "pool"}
    spec = {"replicas": 1, "template": {"metadata": {"labels": labels, "annotations": labels}, "spec": {}}}
    document = {"apiVersion": "homeostat.dev/v1alpha1", "kind": "VirtualMachineDeployment", "metadata": {"name": name}}
    file = lab.served.real.api.folder / f"{name}.yaml"
    file.write_text(json.dumps({**document, "spec": spec}))  # JSON is YAML

    def made() -> dict[str, Any] | None:
        answer = lab.root().ask("GET", f"resources/virtualmachines/{name}-1")
        return dict(answer.json()["metadata"]) if answer.status_code == 200 else None

    metadata = lab.served.until(made, "it has its machine")
    assert metadata["labels"] == {"tier": "pool", "homeostat.dev/deployment": name}
    assert set(metadata["annotations"]) == {"tier", "homeostat.dev/template"}
    assert [one["vmid"] for one in lab.active(user_id=student.id)] == [vmid], "the one that he launched"
    file.unlink()
    lab.served.until(lambda: lab.root().status("GET", f"vms/{name}-1") == 404, "it is gone")
    assert student.get("/user_info")["vmid"] == vmid
