"""/api/v1/snapshotschedules, one of them, and its spec."""

from __future__ import annotations

import falcon.asgi

from homeostat.models.schedule import SnapshotSchedule, SnapshotScheduleSpec
from homeostat.service.collection import Collection

from ..http.lists import ListAnswer
from ..http.media import read_model
from ..http.operations import ETAG, LIST_HEADERS, Answer, operation
from ..http.parameters import IF_MATCH, IF_NONE_MATCH, LIMIT, OFFSET
from ..http.preconditions import set_etag
from ..http.rights import Right, needs
from ..http.spec_changes import DRY_RUN, PATCH_BODY, PATCH_TYPES, PATCH_WORDS, answer_patch, answer_put
from ..http.whole import DRY, WAIT, Going, answer_creation, answer_deletion, answer_one, whole
from ..schedule_words import NewSchedule, ScheduleList, ScheduleSpecChanged

TAG = "Snapshots"


class ScheduleCollection:
    def __init__(self, schedules: Collection[SnapshotSchedule], answer: ListAnswer[SnapshotSchedule]) -> None:
        self._schedules = schedules
        self._answer = answer

    @needs(Right.SEE)
    @operation(
        "List snapshot schedules",
        TAG,
        {
            200: Answer("All of them, by name.", ScheduleList, headers=LIST_HEADERS),
            304: Answer("The list is the one that If-None-Match names."),
        },
        parameters=(LIMIT, OFFSET, IF_NONE_MATCH),
        errors=(400,),
    )
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        await self._answer(req, resp, whole)

    @needs(Right.CHANGE)
    @operation(
        "Create a snapshot schedule",
        TAG,
        {201: Answer("It is written down; the operator takes its snapshots.", SnapshotSchedule, headers=ETAG), 200: DRY},
        parameters=(DRY_RUN,),
        body=NewSchedule,
        errors=(400, 409),
    )
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        asked = await read_model(req, NewSchedule)
        await answer_creation(req, resp, self._schedules, asked.name, asked.spec)


class ScheduleItem:
    def __init__(self, schedules: Collection[SnapshotSchedule]) -> None:
        self._schedules = schedules

    @needs(Right.SEE)
    @operation(
        "Get a snapshot schedule",
        TAG,
        {200: Answer("What it is, and when the next one is due.", SnapshotSchedule, headers=ETAG)},
        errors=(404,),
    )
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        answer_one(resp, await self._schedules.get(name))

    @needs(Right.CHANGE)
    @operation(
        "Delete a snapshot schedule",
        TAG,
        {204: Answer("It is gone."), 202: Answer("It goes once its snapshots have gone.", Going)},
        description="Its snapshots are deleted with it.",
        parameters=(WAIT,),
        errors=(400, 404, 409),
    )
    async def on_delete(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        await answer_deletion(req, resp, self._schedules, name)


class ScheduleSpecRoute:
    def __init__(self, schedules: Collection[SnapshotSchedule]) -> None:
        self._schedules = schedules

    @needs(Right.SEE)
    @operation(
        "Get a snapshot schedule's spec",
        TAG,
        {200: Answer("As it stands in YAML; defaults are left out.", SnapshotScheduleSpec, headers=ETAG)},
        errors=(404,),
    )
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        schedule = await self._schedules.get(name)
        resp.media = schedule.spec.dump()
        set_etag(resp, schedule)

    @needs(Right.CHANGE)
    @operation(
        "Replace a snapshot schedule's spec",
        TAG,
        {200: Answer("The spec after the change, and what that takes.", ScheduleSpecChanged, headers=ETAG)},
        description="What the body does not say is removed, whoever set it; PATCH leaves that alone.",
        parameters=(IF_MATCH, DRY_RUN),
        body=SnapshotScheduleSpec,
        errors=(400, 404, 409, 412),
    )
    async def on_put(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        await answer_put(req, resp, self._schedules, name)

    @needs(Right.CHANGE)
    @operation(
        "Change a snapshot schedule's spec",
        TAG,
        {200: Answer("The spec after the change, and what that takes.", ScheduleSpecChanged, headers=ETAG)},
        description=PATCH_WORDS,
        parameters=(IF_MATCH, DRY_RUN),
        body=PATCH_BODY,
        body_types=PATCH_TYPES,
        errors=(400, 404, 409, 412),
    )
    async def on_patch(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        await answer_patch(req, resp, self._schedules, name)
