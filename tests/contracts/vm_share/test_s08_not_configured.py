"""S08 and S23 where nothing is configured: nobody is taken for a person, and feedback goes nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from homeostat.cli.configuration.sections import VmShareSection
from homeostat_api.http.errors import Problem
from homeostat_contracts.vm_share.outside import Feedback, Recaptcha
from tests.contracts.vm_share.lab import GOOD, Lab, Student, refused


async def test_s08_without_a_secret_nobody_is_a_person() -> None:
    with pytest.raises(Problem) as refusal:
        await Recaptcha(VmShareSection()).check(GOOD, "192.0.2.1")
    assert refusal.value.status_code == 400 and "not configured" in refusal.value.message


async def test_s08_a_secret_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(Problem) as refusal:
        await Recaptcha(VmShareSection(recaptcha_secret_file=tmp_path / "absent")).check(GOOD, "192.0.2.1")
    assert refusal.value.status_code == 500 and "absent" not in refusal.value.message


async def test_s23_without_an_address_feedback_goes_nowhere() -> None:
    with pytest.raises(Problem) as refusal:
        await Feedback(VmShareSection()).send("ann", "text")
    assert refusal.value.status_code == 400


def test_s23_feedback_that_is_not_taken(lab: Lab, student: Student) -> None:
    lab.outside.fails = True
    try:
        refused(student.post("/feedback", message="x"), 500)
    finally:
        lab.outside.fails = False
