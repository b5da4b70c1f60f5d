"""LIMEN's API as it is served: its paths, its errors, and who may ask."""

from __future__ import annotations

from dataclasses import replace

from homeostat.cli.configuration.sections import LimenSection
from homeostat_api.http.contract import Contract, Foundation, Pages
from homeostat_api.http.routes import Route

from .errors import answers
from .fleet import LimenFleet
from .people import ENTRANCE, LimenCookies
from .resources.actions import LimenActions
from .resources.console import LimenConsole, LimenScreen
from .resources.health import LimenHealth
from .resources.machines import LimenMachines
from .resources.quota import LimenQuota
from .resources.registration import LimenRegistration
from .resources.session import LimenLogin, LimenRefresh, LimenSession
from .words import ErrorShown

HEALTH = "/api/health"


def limen(given: Foundation) -> Contract:
    """Returns the contract over what it is given."""
    settings = given.settings or LimenSection()
    wanted = given.origins if settings.allowed_origins is None else settings.allowed_origins
    pages = Pages(frozenset(wanted) - {"*"}, cookies=True, any="*" in wanted)
    fleet, cookies, health = LimenFleet(given), LimenCookies(pages.origins), LimenHealth(given)
    screen = LimenScreen(fleet, given.consoles)
    routes = [
        Route("/api/auth/login", LimenLogin(given.accounts, cookies)),
        Route("/api/auth/register", LimenRegistration(given.accounts, settings.registration or "approval")),
        Route("/api/auth/session", LimenSession(given.accounts, cookies)),
        Route("/api/auth/refresh", LimenRefresh(given.accounts, cookies)),
        Route("/api/vms", LimenMachines(fleet, settings)),
        Route("/api/vms/{vm}/action", LimenActions(fleet)),
        Route("/api/vms/{vm}/console", LimenConsole(fleet, given.consoles)),
        Route("/api/quota", LimenQuota(given.accounts)),
        Route("/ws/vnc", screen),
        Route("/vnc", screen),
        Route("/vnc/{vm}", screen),
        Route(HEALTH, health),
        Route("/api/health_proxy", health),
    ]
    development = bool(settings.development)
    told = replace(answers(development), reworded=fleet.reworded)
    return Contract("LIMEN", routes, told, ENTRANCE, ErrorShown, HEALTH, pages, "/swagger.yaml")
