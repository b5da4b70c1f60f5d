"""What the benchmarks that are judged against a plain loop make of their runs."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.pairs import in_turn


def test_a_ratio_is_the_median_of_pairs_run_in_turn() -> None:
    ran: list[tuple[str, int]] = []

    def takes(side: str, *seconds: float) -> Callable[[int], dict[str, float]]:
        def run(number: int) -> dict[str, float]:
            ran.append((side, number))
            return {"seconds": seconds[number], f"{side}_mb": 10.0 * seconds[number]}

        return run

    found = in_turn("it", 7, "ratio <= 5", takes("ours", 2.0, 9.0, 4.0), takes("plain", 1.0, 3.0, 1.0))
    assert ran == [("ours", 0), ("plain", 0), ("ours", 1), ("plain", 1), ("ours", 2), ("plain", 2)]
    assert (found.value, found.baseline, found.ratio) == (4.0, 1.0, 3.0)
    assert found.more == {"operator_slowest_s": 9.0, "plain_slowest_s": 3.0, "ours_mb": 40.0, "plain_mb": 10.0}
