"""Neptuned's API as it is served: its paths, its errors, and who may ask."""

from __future__ import annotations

from homeostat_api.http.contract import Contract, Entrance, Foundation
from homeostat_api.http.routes import Route

from .errors import ANSWERS
from .fleet import EntryFleet
from .resources.health import Wellbeing
from .resources.machines import EntryCreation, EntryItem, EntryList
from .words.server import ErrorSaid

V0 = "/api/v0"
HEALTH = f"{V0}/health"
ADVICE = f"Sign in (POST {V0}/login), and send the token: Authorization: Bearer TOKEN"


def neptuned(given: Foundation) -> Contract:
    """Returns the contract over what it is given."""
    fleet = EntryFleet(given)
    routes = [
        Route(f"{V0}/admin/vms/list", EntryList(fleet)),
        Route(f"{V0}/admin/vms/create", EntryCreation(fleet)),
        Route(f"{V0}/admin/vms/{{vm}}", EntryItem(fleet)),
        Route(HEALTH, Wellbeing(given.service)),
    ]
    entrance = Entrance(ADVICE, for_everybody={HEALTH}, always=True)
    return Contract("Neptuned", routes, ANSWERS, entrance, ErrorSaid, HEALTH)
