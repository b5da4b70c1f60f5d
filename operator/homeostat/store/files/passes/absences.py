"""Since when each resource has been missing, or declared with less than it has; and what the removal rule decides about it."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from homeostat.models.base import Key
from homeostat.models.deployment import VirtualMachineDeployment
from homeostat.models.kinds import BY_KIND, kind_of
from homeostat.models.machine import VirtualMachine

from ...index.row import Row
from ..commits import git
from . import removal
from .compare import Pass, Reduction
from .remembered import Remembered


class Absences:
    """What the passes of this process remember of absent resources."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._since: dict[Key, tuple[str, float]] = {}  # the content of the file that declared it, and since when (monotonic)

    def rule(
        self,
        work: Pass,
        rows: Sequence[Row],
        known: Remembered,
        now: float,
        settle: float,
        confirmed: Collection[Key],
        tell_after: float | None,
        *,
        bare: str,
        unseen: bool,
    ) -> tuple[removal.Ruling, int]:
        """Lets the removal rule decide which absent resources go, and what is taken away from others; writes that into ``work``.
        Returns the ruling, and the weight of what goes unconfirmed. ``now``: seconds since the epoch. ``unseen``: this process
        has made no pass before. See ``removal.rule``."""
        emptied = {*known.emptied, *(_went_with_all(work, rows) if unseen else ())}
        weights = _weights([row for row in rows if row.deleted is None]) if work.absent or work.reductions else {}
        absences = self._absences(work, weights, emptied, bool(bare))
        ruling = removal.rule(
            absences, removal.Circumstances(sum(weights.values()), known.weight(now), bare),
            settle, confirmed=confirmed, told=known.held, tell_after=tell_after, emptied=emptied,
        )  # fmt: skip
        work.delete = [absent.row for absent in work.absent if absent.row.key in ruling.go]
        work.update += [(less.row, less.document) for less in work.reductions if less.row.key in ruling.go]
        work.held = dict(sorted(ruling.held.items()))
        self._since = {key: since for key, since in self._since.items() if key not in ruling.go}
        _tell(work, ruling)
        return ruling, sum(absence.weight for absence in absences if absence.key in ruling.go - set(confirmed))

    def _absences(self, work: Pass, weights: Mapping[Key, int], emptied: Collection[Key], bare: bool) -> list[removal.Absence]:
        """Returns how long each resource has been absent or reduced, and what speaks against that. Time does not count while
        there was a doubt, or while the folder was ``bare`` or had been ``emptied`` of them: a file that is put back may be away
        for a moment more."""
        now, wall = time.monotonic(), time.time()
        since, under_way = dict[Key, tuple[str, float]](), dict[str, str]()

        def seen(key: Key, mark: str, path: str, doubt: str = "") -> tuple[Key, float, str]:
            before, place = self._since.get(key), os.path.dirname(path)
            if place not in under_way:
                under_way[place] = git.operation_under_way(self._folder / place, wall)
            doubt = doubt or under_way[place]
            mark = f"{mark} {'doubted' if doubt or bare else 'with all' if key in emptied else 'so'}"
            since[key] = before if before and before[0] == mark else (mark, now)
            return key, now - since[key][1], doubt

        found = []
        for absent in work.absent:
            key, seconds, doubt = seen(absent.row.key, absent.stood_in, absent.row.file or "", absent.doubt)
            found.append(removal.Absence(key, seconds, doubt, weights[key]))
        for less in work.reductions:
            key, seconds, git_says = seen(less.row.key, less.document.hash, less.document.path)
            # A deployment cannot lose more machines than it has, and it stays itself.
            weight = min(less.loss.weight, weights[key] - 1) if key.kind == VirtualMachineDeployment.KIND else less.loss.weight
            found.append(removal.Absence(key, seconds, git_says, weight, less.loss.words))
        self._since = since
        return found


def _went_with_all(work: Pass, rows: Sequence[Row]) -> frozenset[Key]:
    """Returns the absent resources, where they are all that the folder held, and all their files have gone too. Then the folder
    was emptied while nobody looked, and what it holds now came later."""
    held = {row.key: row.file for row in rows if row.file is not None and row.deleted is None}
    there = {file.path for file in work.files}
    absent = {absent.row.key for absent in work.absent}
    return frozenset(absent) if held.keys() == absent and there.isdisjoint(filter(None, held.values())) else frozenset()


def _weights(rows: Sequence[Row]) -> dict[Key, int]:
    """Returns the weight of each declared resource: one for itself, and one for each machine of a deployment."""
    weights = {row.key: 1 for row in rows if row.file is not None}
    for row in rows:
        if row.file is None and row.kind == VirtualMachine.KIND:
            for owner in json.loads(row.metadata).get("ownerReferences", ()):
                key = Key(owner["kind"], row.namespace, owner["name"])
                if key in weights:
                    weights[key] += 1
    return weights


def _tell(work: Pass, ruling: removal.Ruling) -> None:
    """Reports what is held: once for all where their number is the reason, otherwise each by itself."""
    if ruling.brake:
        work.complain("", f"{ruling.brake}; none of them was: {removal.CONFIRM}", severity="Held")
    else:
        rows = {absent.row.key: absent.row for absent in work.absent}
        reductions = {reduction.row.key: reduction for reduction in work.reductions}
        for key, reason in work.held.items():
            within = f" -n {key.namespace}" if key.namespace != "default" else ""
            name = f"{kind_of(BY_KIND[key.kind]).noun} {key.name}{within}"
            if key in reductions:
                _tell_reduction(work, reductions[key], name)
                continue
            work.complain(
                rows[key].file or "", f"{key} is declared nowhere any more, and kept: {reason}; {removal.CONFIRM}, or with "
                f"`homeostat delete {name}` for it alone", key=key, severity="Held",
            )  # fmt: skip
    work.sort_errors()


def _tell_reduction(work: Pass, reduction: Reduction, name: str) -> None:
    document, key = reduction.document, reduction.row.key
    alone = f"homeostat apply -f {document.path}"
    if isinstance(document.resource, VirtualMachineDeployment):
        alone = f"homeostat scale {name} --replicas {document.resource.spec.replicas}"
    work.complain(
        document.path, f"{key} keeps the spec it had, since something would be deleted ({work.held[key]}); {removal.CONFIRM}, or "
        f"with `{alone}` for it alone", key=key, line=document.line, severity="Held",
    )  # fmt: skip
