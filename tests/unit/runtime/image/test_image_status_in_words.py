"""What the conditions of an Image say of each outcome, and that no condition is left from an earlier one."""

from __future__ import annotations

import pytest

from homeostat.models.image import Image
from homeostat.planner.observed import ImagePhase, ObservedImage
from homeostat.planner.plan import Converged, Outcome, Stalled, Waiting
from homeostat.runtime.image.status import image_status

NOW = "2026-01-01T00:00:00Z"
IMAGE = Image.model_validate({"metadata": {"name": "debian"}, "spec": {"source": {"url": "https://example.org/d.qcow2"}}})
OUTCOMES: list[tuple[Outcome, dict[str, str]]] = [
    (Converged("Verified"), {"Ready": "True"}),
    (Waiting("ImageFetching", "fetching"), {"Ready": "False", "Reconciling": "True"}),
    (Stalled("ImageFailed", "404"), {"Ready": "False", "Stalled": "True"}),
]


@pytest.mark.parametrize(("outcome", "said"), OUTCOMES)
@pytest.mark.parametrize("before", [outcome for outcome, _ in OUTCOMES])
def test_conditions(before: Outcome, outcome: Outcome, said: dict[str, str]) -> None:
    found = ObservedImage(ImagePhase.READY, "/i/d", "qcow2")
    image = IMAGE.model_copy(update={"status": image_status(IMAGE, found, before, (), NOW)})
    status = image_status(image, found, outcome, (), NOW)
    assert {condition.type: condition.status for condition in status.conditions} == said
    assert {condition.reason for condition in status.conditions} == {outcome.reason}


@pytest.mark.parametrize(
    ("phase", "fetched", "total", "progress"),
    [
        (ImagePhase.FETCHING, 21, 50, 42),
        (ImagePhase.FETCHING, 60, 50, 100),
        (ImagePhase.FETCHING, 9999, 10000, 99),
        (ImagePhase.FETCHING, 21, 0, None),
        (ImagePhase.READY, 50, 50, None),
        (ImagePhase.QUEUED, 0, 50, None),
    ],
)
def test_progress_while_it_is_fetched(phase: ImagePhase, fetched: int, total: int, progress: int | None) -> None:
    found = ObservedImage(phase, "/i/d", "qcow2", fetched=fetched, total=total)
    assert image_status(IMAGE, found, Waiting("ImageFetching", ""), (), NOW).progress == progress
