"""What a change of a Disk takes, said before it is written: as its plan says it then."""

from __future__ import annotations

from typing import Any

import pytest

from homeostat.models.disk import Disk, DiskStatus
from homeostat.planner.changes.why import reason_of
from homeostat.planner.disk.classify import classify_disk
from homeostat.planner.plan import Disruption
from tests.unit.disks import GIB, disk

IMAGE = {"image": {"url": "https://example.org/debian.qcow2"}}


def there(**spec: Any) -> Disk:
    return disk(**spec).model_copy(update={"status": DiskStatus(virtual_size=GIB)})


def told(before: Disk, **after: Any) -> dict[str, str]:
    return {change.field: change.disruption.word for change in classify_disk(before, disk(**after))}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"size": "1Gi"}, {"size": "1Gi"}, {}),
        ({"size": "1Gi"}, {"size": "2Gi"}, {"size": "Live"}),
        ({"size": "1Gi"}, {"size": "1023Mi"}, {"size": "Forbidden"}),
        ({"size": "1Gi", "format": "vmdk"}, {"size": "2Gi", "format": "vmdk"}, {"size": "Forbidden"}),
        ({"source": IMAGE}, {"source": IMAGE, "size": "1Gi"}, {"size": "Live"}),
        ({"source": IMAGE, "size": "1Gi"}, {"source": IMAGE}, {"size": "Live"}),
        ({"size": "1Gi"}, {"size": "1Gi", "source": {"blank": {}}}, {}),
        ({"size": "1Gi"}, {"size": "1Gi", "source": IMAGE}, {"source": "Forbidden"}),
        ({"size": "1Gi"}, {"size": "1Gi", "format": "raw"}, {"format": "Forbidden"}),
        ({"size": "1Gi"}, {"size": "1Gi", "reclaimPolicy": "Retain"}, {"reclaimPolicy": "Live"}),
        ({"size": "1Gi"}, {"size": "1Gi", "hostSelector": {"disk": "ssd"}}, {"hostSelector": "Live"}),
    ],
)
def test_each_field_has_its_class(before: dict[str, Any], after: dict[str, Any], expected: dict[str, str]) -> None:
    assert told(there(**before), **after) == expected


def test_before_it_is_made_it_may_become_anything() -> None:
    assert set(told(disk(size="1Gi"), size="512Mi", format="raw", source=IMAGE).values()) == {"Live"}


def test_each_class_has_its_reason() -> None:
    changes = classify_disk(there(size="1Gi"), disk(size="1Mi", format="raw", source=IMAGE, reclaimPolicy="Retain"))
    reasons = {change.field: reason_of(change) for change in changes}
    assert "cannot shrink" in reasons["size"] and "source.diskRef" in reasons["format"] and reasons["format"] == reasons["source"]
    assert "deleted" in reasons["reclaimPolicy"]
    grown = classify_disk(there(size="1Gi"), disk(size="2Gi"))
    assert grown[0].disruption is Disruption.LIVE and "grows" in reason_of(grown[0])
