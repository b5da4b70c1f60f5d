"""/api/post and /feedback: what users send."""

from __future__ import annotations

import falcon.asgi

from homeostat.service.service import Service
from homeostat_api.http.actor import who
from homeostat_api.http.media import read_model, takes_any_length
from homeostat_api.http.operations import Answer, operation
from homeostat_api.http.requests.uploaded_form import FILE_ALONE
from homeostat_api.http.rights import Door, Right, needs

from ..errors import bad
from ..isos import CustomIsos, handle_of
from ..outside import Feedback
from ..people import LabPeople
from ..words import FeedbackAsked, FeedbackTaken, IsoTaken

TAG = "Uploads"


class IsoPosting:
    def __init__(self, service: Service, people: LabPeople, isos: CustomIsos) -> None:
        self._service, self._people, self._isos = service, people, isos

    @needs(Right.CHANGE)
    @operation(
        "Upload the ISO of one's own",
        TAG,
        {200: Answer("It takes the place of the one before.", IsoTaken)},
        body=FILE_ALONE,
        body_types=("multipart/form-data",),
        errors=(400, 413, 422),
    )
    @takes_any_length
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        user = await self._people.user(req)
        image = await self._isos.take(req, self._service.asked_by(who(req)), user)
        resp.media = {
            "message": "ISO uploaded",
            "user_id": str(user.id),
            "iso_path": handle_of(user.id),
            "size": (image.status.size if image.status else None) or 0,
        }


class FeedbackPosting:
    def __init__(self, people: LabPeople, feedback: Feedback) -> None:
        self._people, self._feedback = people, feedback

    @needs(Door.KNOWN)
    @operation(
        "Say something to whoever runs this",
        TAG,
        {200: Answer("It was passed on.", FeedbackTaken)},
        body=FeedbackAsked,
        errors=(400,),
    )
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        asked, user = await read_model(req, FeedbackAsked), await self._people.user(req)
        text = next((given.strip() for given in (asked.message, asked.text) if given and _says_something(given)), None)
        if text is None:
            raise bad("message is required")
        await self._feedback.send(user.login, text)
        resp.media = {"ok": True}


def _says_something(text: str) -> bool:
    """Tells whether anything of a text can be seen."""
    return any(character.isprintable() and not character.isspace() for character in text)
