"""Neptuned's API as it is served: its paths, its errors, and who may ask."""

from __future__ import annotations

from dataclasses import replace

from homeostat_api.http.answers.given_names import GivenNames
from homeostat_api.http.contract import Contract, Entrance, Foundation
from homeostat_api.http.routes import Route

from .errors import ANSWERS
from .fleet import EntryFleet
from .listed import Listed
from .people import People
from .resources.connect import ScreenConnection, token_offered
from .resources.health import Wellbeing
from .resources.listing import RunningList, RunningMachine, Screenshot
from .resources.machines import EntryCreation, EntryItem, EntryList
from .resources.session import Departure, Login, Logout, PasswordChange, Register
from .resources.settings import ServerConfig
from .resources.users import PasswordOfUser, UserBan, UserCreation, UserList, UserOf, UserTypeOf, UserUnban
from .words.server import ErrorSaid

V0 = "/api/v0"
HEALTH = f"{V0}/health"
ADVICE = f"Sign in (POST {V0}/login), and send the token: Authorization: Bearer TOKEN"
FOR_EVERYBODY = frozenset({HEALTH, f"{V0}/list"})
LEFT_TO_BANNED = frozenset({("POST", f"{V0}/logout"), ("POST", f"{V0}/delete_account")})
SIGN_IN = frozenset({("POST", f"{V0}/login"), ("POST", f"{V0}/register")})


def neptuned(given: Foundation) -> Contract:
    """Returns the contract over what it is given."""
    people = People(given)
    routes = [*_general(given, people), *_accounts(people), *_administration(EntryFleet(given), people)]
    entrance = Entrance(
        ADVICE,
        for_everybody=FOR_EVERYBODY,
        for_everybody_below=(f"{V0}/list/", f"{V0}/screenshot/"),
        sign_in=SIGN_IN,
        shown=token_offered,
        also_banned=LEFT_TO_BANNED,
        always=True,
    )
    answers = replace(ANSWERS, reworded=GivenNames(given.service))
    return Contract("Neptuned", routes, answers, entrance, ErrorSaid, HEALTH)


def _general(given: Foundation, people: People) -> list[Route]:
    listed = Listed(given)
    return [
        Route(f"{V0}/list", RunningList(listed)),
        Route(f"{V0}/list/{{vm}}", RunningMachine(listed)),
        Route(f"{V0}/screenshot/{{vm}}", Screenshot(listed)),
        Route(f"{V0}/connect/{{vm}}", ScreenConnection(listed, people, given.consoles)),
        Route(HEALTH, Wellbeing(given.service)),
    ]


def _accounts(people: People) -> list[Route]:
    return [
        Route(f"{V0}/login", Login(people)),
        Route(f"{V0}/register", Register(people)),
        Route(f"{V0}/logout", Logout(people)),
        Route(f"{V0}/change_password", PasswordChange(people)),
        Route(f"{V0}/delete_account", Departure(people)),
    ]


def _administration(fleet: EntryFleet, people: People) -> list[Route]:
    user = f"{V0}/admin/users/{{user_id}}"
    return [
        Route(f"{V0}/admin/config", ServerConfig(people)),
        Route(f"{V0}/admin/users", UserList(people)),
        Route(f"{V0}/admin/users/create", UserCreation(people)),
        Route(user, UserOf(people)),
        Route(f"{user}/change_type", UserTypeOf(people)),
        Route(f"{user}/change_password", PasswordOfUser(people)),
        Route(f"{user}/ban", UserBan(people)),
        Route(f"{user}/unban", UserUnban(people)),
        Route(f"{V0}/admin/vms/list", EntryList(fleet)),
        Route(f"{V0}/admin/vms/create", EntryCreation(fleet, people)),
        Route(f"{V0}/admin/vms/{{vm}}", EntryItem(fleet, people)),
    ]
