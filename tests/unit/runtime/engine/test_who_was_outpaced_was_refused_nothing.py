"""An act that others were faster at each try is tried again, and no status says that it was refused; a refusal is told."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from homeostat.models.base import Key, Resource
from homeostat.models.kinds import kind_of
from homeostat.models.schedule import SnapshotSchedule
from homeostat.runtime.deployment.reconcile import DeploymentReconciler
from homeostat.runtime.engine.ports import Outpaced, StoreFailure
from homeostat.runtime.schedule.reconcile import ScheduleReconciler
from homeostat.store.errors import Conflict, Denied
from tests.unit.fleet import deployment
from tests.unit.operating import Shelf, WorldHost

BORN = "2026-01-01T12:30:00Z"
LATER = datetime(2026, 1, 1, 14, 30, tzinfo=UTC)
SCHEDULE = SnapshotSchedule.model_validate(
    {
        "metadata": {"name": "nightly", "uid": "sch-1", "creationTimestamp": BORN},
        "spec": {"schedule": "0 */2 * * *", "template": {"spec": {"machineRef": {"name": "web"}}}},
    }
)
OUTPACED = Conflict(Key("VirtualMachine", "default", "web-1"), "an older one", "newer at each try")


class Refusing(Shelf):
    """Makes nothing."""

    def __init__(self, resource: Resource, error: StoreFailure) -> None:
        super().__init__(resource)
        self._error = error

    async def apply_owned(self, resource: Resource) -> None:
        raise self._error


@pytest.mark.parametrize("resource", [deployment(1), SCHEDULE], ids=lambda resource: kind_of(resource).noun)
@pytest.mark.parametrize(("error", "told"), [(OUTPACED, False), (Denied("exceeded quota"), True)], ids=["outpaced", "refused"])
async def test_it_is_no_refusal(resource: Resource, error: StoreFailure, told: bool) -> None:
    shelf: Any = Refusing(resource, error)
    made: Any = DeploymentReconciler(shelf, WorldHost())  # type: ignore[arg-type]
    if resource is SCHEDULE:
        made = ScheduleReconciler(shelf, lambda: None, lambda: LATER)
    with pytest.raises(Outpaced if error is OUTPACED else Denied):
        await made.reconcile(resource)
    status = shelf.resources[resource.key].status
    assert ("Refused" in {condition.reason for condition in status.conditions} if status else False) is told
