"""The rules of a lease, against an API server's own rule: a write that rests on an older version is refused."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from homeostat.models.base import Key
from homeostat.store.errors import AlreadyExists, Conflict, NotFound
from homeostat.store.kubernetes import lease as leases
from homeostat.store.kubernetes.errors import ClusterUnavailable, LeadershipLost
from homeostat.store.kubernetes.lease import DEADLINE, DURATION, Lease, LeaseWatch

KEY = Key("Lease", "system", "job")


class Records:
    """The one lease of a cluster, with optimistic concurrency."""

    def __init__(self) -> None:
        self.record: dict[str, Any] | None = None
        self.version = 0
        self.away = False

    async def get(self, path: object, key: Key) -> dict[str, Any]:
        self._answer()
        if self.record is None:
            raise NotFound(key)
        return self.record

    async def create(self, path: object, key: Key, body: dict[str, Any], manager: str) -> dict[str, Any]:
        self._answer()
        if self.record is not None:
            raise AlreadyExists(key)
        return self._store(body)

    async def replace(self, path: object, key: Key, body: dict[str, Any], manager: str) -> dict[str, Any]:
        self._answer()
        if self.record is None or body["metadata"]["resourceVersion"] != self.record["metadata"]["resourceVersion"]:
            raise Conflict(key, "older", "newer")
        return self._store(body)

    def _answer(self) -> None:
        if self.away:
            raise ClusterUnavailable("it does not answer")

    def _store(self, body: dict[str, Any]) -> dict[str, Any]:
        self.version += 1
        self.record = {**body, "metadata": {**body["metadata"], "resourceVersion": str(self.version)}}
        return self.record


class Clock:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(leases, "_clock", lambda: self.now)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
def records() -> Records:
    return Records()


def contender(records: Records, name: str) -> Lease:
    return Lease(records, KEY.namespace, KEY.name, name)  # type: ignore[arg-type]


def tries(lease: Lease) -> bool:
    return asyncio.run(lease._try())


def test_the_first_has_it(clock: Clock, records: Records) -> None:
    first, second = contender(records, "first"), contender(records, "second")
    assert [tries(first), tries(second)] == [True, False]
    first.check()
    with pytest.raises(LeadershipLost):
        second.check()


def test_the_other_waits_for_the_whole_duration_since_it_saw_the_last_sign(clock: Clock, records: Records) -> None:
    first, second = contender(records, "first"), contender(records, "second")
    assert tries(first)
    clock.now += 100  # whatever the holder's clock said: the second sees this only now
    assert not tries(second)
    clock.now += DURATION - 0.1
    assert not tries(second)
    clock.now += 0.2
    assert tries(second)


def test_each_sign_of_life_counts_anew(clock: Clock, records: Records) -> None:
    first, second = contender(records, "first"), contender(records, "second")
    for _ in range(10):
        assert tries(first)
        assert not tries(second)
        clock.now += DURATION / 2


def test_who_could_not_renew_stops_before_another_may_begin(clock: Clock, records: Records) -> None:
    first, second = contender(records, "first"), contender(records, "second")
    assert tries(first)
    assert not tries(second)
    clock.now += DEADLINE + 0.01
    with pytest.raises(LeadershipLost):
        first.check()
    assert not tries(second)


def test_who_wakes_up_late_finds_it_taken(clock: Clock, records: Records) -> None:
    first, second = contender(records, "first"), contender(records, "second")
    assert tries(first)
    assert not tries(second)
    clock.now += DURATION + 1
    assert tries(second)
    assert not tries(first)  # it still believes that the record is its own
    assert not first.held
    assert second.held


def test_who_wakes_up_late_goes_on_where_nobody_took_it(clock: Clock, records: Records) -> None:
    first = contender(records, "first")
    assert tries(first)
    clock.now += 60
    assert not first.held
    assert tries(first)
    assert first.held


def test_of_two_that_find_it_expired_one_gets_it(clock: Clock, records: Records) -> None:
    gone, second, third = (contender(records, name) for name in ("gone", "second", "third"))
    assert tries(gone)
    assert [tries(second), tries(third)] == [False, False]
    clock.now += DURATION + 0.1

    async def both() -> list[bool]:
        return list(await asyncio.gather(second._try(), third._try()))

    assert sorted(asyncio.run(both())) == [False, True]


def test_a_server_that_is_away_renews_nothing(clock: Clock, records: Records) -> None:
    first = contender(records, "first")
    assert tries(first)
    records.away = True
    clock.now += DEADLINE + 0.01
    assert not tries(first)
    assert not first.held


def test_an_answer_is_waited_for_until_the_deadline_and_no_longer(clock: Clock, records: Records) -> None:
    """Work that goes on must be stopped by then, not only kept from beginning anything."""
    first = contender(records, "first")
    assert tries(first)
    clock.now += DEADLINE - 0.1

    async def hang(*_: object) -> dict[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError("nobody ends this")

    async def within_a_moment() -> bool:
        records.replace = hang  # type: ignore[assignment]
        async with asyncio.timeout(3):
            return await first._try()

    assert not asyncio.run(within_a_moment())


def test_the_work_ends_and_the_lease_is_given_back(clock: Clock, records: Records) -> None:
    done: list[str] = []

    async def work() -> None:
        first.check()
        done.append("it")

    first, second = contender(records, "first"), contender(records, "second")
    asyncio.run(first.lead(work, asyncio.Event()))
    assert done == ["it"]
    assert not first.held
    assert tries(second)


def test_a_lease_that_somebody_deleted_is_made_again(clock: Clock, records: Records) -> None:
    first = contender(records, "first")
    assert tries(first)
    records.record = None
    assert not tries(first)
    assert tries(first)


def test_a_lease_that_another_took_after_it_was_deleted_is_left_to_it(clock: Clock, records: Records) -> None:
    first, second = contender(records, "first"), contender(records, "second")
    assert tries(first)
    records.record = None
    assert tries(second)
    assert [tries(first), tries(first)] == [False, False]
    assert not first.held
    assert second.held and tries(second)


def test_a_watch_takes_a_holder_for_dead_after_its_duration(clock: Clock, records: Records) -> None:
    watch = LeaseWatch(records, KEY.namespace)  # type: ignore[arg-type]

    def holder() -> str:
        return asyncio.run(watch.holder(KEY.name))

    assert holder() == ""
    assert tries(contender(records, "first"))
    assert holder() == "first"
    clock.now += DURATION - 0.1
    assert holder() == "first"
    clock.now += 0.2
    assert holder() == ""
