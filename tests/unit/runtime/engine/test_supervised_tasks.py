"""A long-lived task that dies is counted, told and started again; one that is stopped is not."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import pytest

from homeostat.runtime.engine.supervise import UNATTENDED, Supervisor
from homeostat.runtime.metrics import OperatorMetrics


def supervisor(faults: str = "", steady: float = 60.0) -> Supervisor:
    return Supervisor(pauses=(0.0,), steady=steady, faults=faults)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - a supervisor sets no event
            await asyncio.sleep(0.001)


async def for_ever() -> None:
    await asyncio.Event().wait()


def raising(*errors: BaseException) -> Callable[[], object]:
    left = list(errors)

    async def job() -> None:
        if left:
            raise left.pop(0)
        await for_ever()

    return job


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (KeyError("x"), "unexpected KeyError: 'x'"),
        (OSError("no space"), "no space"),
        (ExceptionGroup("several", [ExceptionGroup("inner", [ValueError("of a group")])]), "unexpected ValueError: of a group"),
        (asyncio.CancelledError("a future of its own"), "something that it waited for was cancelled"),
        (TimeoutError("of its own"), "of its own"),
    ],
)
async def test_whatever_a_task_dies_of_it_is_told_and_begun_again(
    error: BaseException, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    kept = supervisor()
    task = asyncio.create_task(kept.keep("feed", raising(error, error)))  # type: ignore[arg-type]
    await until(lambda: kept.deaths("feed") == 2)
    (failing,) = kept.failing
    assert failing.task == "feed" and said in failing.error and failing.times == 2
    assert len([record for record in caplog.records if record.levelno == logging.ERROR]) == 1  # once, not at each try
    assert not task.done()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_task_that_returns_has_died_unless_that_is_its_way() -> None:
    runs: list[bool] = []

    async def returns() -> None:
        runs.append(True)

    kept = supervisor()
    task = asyncio.create_task(kept.keep("feed", returns))
    await until(lambda: kept.deaths("feed") > 1)
    task.cancel()
    await asyncio.wait([task])
    runs.clear()
    await kept.keep("addresses", returns, may_end=True)
    assert kept.deaths("addresses") == 0 and len(runs) == 1
    mended: list[str] = []
    kept.on_recovery = lambda failing: mended.append(failing.task)
    left = [KeyError("x")]

    async def ends() -> None:
        if left:
            raise left.pop()

    await kept.keep("poll", ends, may_end=True)
    assert mended == ["poll"]


async def test_it_is_mended_once_it_runs_steadily_and_that_is_told() -> None:
    kept, mended = supervisor(steady=0.01), []
    kept.on_recovery = mended.append
    task = asyncio.create_task(kept.keep("feed", raising(KeyError("x"))))  # type: ignore[arg-type]
    await until(lambda: kept.deaths("feed") == 1 and not kept.failing)
    assert [failing.task for failing in mended] == ["feed"]
    task.cancel()


async def test_stopping_is_prompt_and_no_death() -> None:
    kept, stop = Supervisor(pauses=(60.0,)), asyncio.Event()

    async def works() -> None:
        await stop.wait()

    tasks = [asyncio.create_task(kept.keep("job", works, stop=stop))]
    tasks.append(asyncio.create_task(kept.keep("dead", raising(KeyError("x")), stop=stop)))  # type: ignore[arg-type]
    await until(lambda: kept.deaths("dead") == 1 and list(kept.running) == ["dead", "job"])
    stop.set()
    async with asyncio.timeout(5):
        await asyncio.gather(*tasks)
    assert kept.deaths("job") == 0 and not kept.running
    assert not kept.failing  # what is not wanted any more does not fail


async def test_what_is_meant_for_the_caller_passes() -> None:
    with pytest.raises(LookupError):
        await supervisor().keep("view", raising(LookupError("not in time")), passing=(LookupError,))  # type: ignore[arg-type]


async def test_a_short_task_that_fails_unseen_is_told() -> None:
    kept, loop = supervisor(), asyncio.get_running_loop()
    kept.attend(loop)
    loop.call_soon(lambda: 1 / 0)

    async def short() -> None:
        raise KeyError("nobody waits for me")

    task = asyncio.create_task(short())
    await asyncio.wait({task})
    del task
    await until(lambda: kept.deaths(UNATTENDED) == 2)
    assert "nobody waits for me" in kept.failing[0].error
    loop.set_exception_handler(None)


async def test_a_fault_kills_a_task_once_wherever_it_is() -> None:
    kept, starts = supervisor(faults="feed:0.01"), []

    async def job() -> None:
        starts.append(1)
        await for_ever()

    tasks = [asyncio.create_task(kept.keep(name, job)) for name in ("feed", "dispatch")]
    await until(lambda: len(starts) == 3)
    assert (kept.deaths("feed"), kept.deaths("dispatch")) == (1, 0)
    for task in tasks:
        task.cancel()


async def test_metrics_tell_deaths_and_what_is_down() -> None:
    kept = supervisor()
    registry = OperatorMetrics(kept).registry
    tasks = [asyncio.create_task(kept.keep("fine", for_ever))]
    tasks.append(asyncio.create_task(kept.keep("feed", raising(KeyError("x")))))  # type: ignore[arg-type]
    await until(lambda: kept.deaths("feed") == 1)
    read = registry.get_sample_value
    assert read("homeostat_task_failures_total", {"task": "feed"}) == read("homeostat_task_down", {"task": "feed"}) == 1
    assert read("homeostat_task_failures_total", {"task": "fine"}) == read("homeostat_task_down", {"task": "fine"}) == 0
    for task in tasks:
        task.cancel()


@pytest.mark.parametrize("may_end", [True, False])
async def test_a_task_of_several_has_the_name_of_whose_it_is(may_end: bool) -> None:
    supervised, ran = supervisor(), asyncio.Event()

    async def job() -> None:
        ran.set()
        if not may_end:
            await for_ever()

    task = asyncio.create_task(supervised.named("host a: ")("feed", job, may_end=may_end))
    await ran.wait()
    if may_end:
        await task
        assert supervised.deaths("host a: feed") == 0
    else:
        assert "host a: feed" in supervised.running
        task.cancel()


async def test_what_is_no_error_is_left_to_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    kept, loop, left = supervisor(), asyncio.get_running_loop(), list[object]()
    monkeypatch.setattr(loop, "default_exception_handler", left.append)
    kept.attend(loop)
    for context in ({"message": "a slow callback"}, {"message": "cancelled", "exception": asyncio.CancelledError()}):
        loop.call_exception_handler(context)
    loop.call_exception_handler({"message": "failed", "exception": ValueError("x")})
    assert [context["message"] for context in left if isinstance(context, dict)] == ["a slow callback", "cancelled"]
