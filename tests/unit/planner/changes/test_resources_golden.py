"""What a change of memory and CPUs takes, from each to each. After a wanted change: pytest --regenerate-golden, and read the
diff.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import pytest

from homeostat.planner.changes.changes import compare, compare_running
from tests.unit.configs import PLAIN
from tests.unit.tables import as_before, differences, grouped

GIB = 2**30
MEMORIES = {"1Gi": (GIB, None), "2Gi": (2 * GIB, None), "1Gi of 2Gi": (2 * GIB, GIB), "512Mi of 1Gi": (GIB, GIB // 2)}
CPUS = {"1": (1, None, None), "4": (4, None, None), "4 of 4": (4, None, True), "1 of 4": (4, 1, True), "2 of 4": (4, 2, True)}
CONFIGS = {
    f"{size}, {count} CPUs": replace(PLAIN, memory=memory, balloon=balloon, vcpus=most, vcpus_left=left, vcpus_hotplug=hotplug)
    for (size, (memory, balloon)), (count, (most, left, hotplug)) in product(MEMORIES.items(), CPUS.items())
}


def compared() -> Iterator[str]:
    for what, have in CONFIGS.items():
        defined = ((now, differences(compare(have, want))) for now, want in CONFIGS.items())
        yield from grouped(f"{what}, defined", defined)
        yield from grouped(f"{what}, runs", ((now, differences(compare_running(have, want))) for now, want in CONFIGS.items()))


def test_what_differs_is_as_before(request: pytest.FixtureRequest) -> None:
    as_before("resources", compared(), request)
