"""/api/v1/quotas: how much accounts may have, and have."""

from __future__ import annotations

import falcon.asgi

from homeostat.accounts.charges.quotas import role_document
from homeostat.accounts.errors import NotAQuota
from homeostat.accounts.rights import Role

from ..http.media import read_model
from ..http.operations import Answer, operation
from ..http.rights import Door, Right, needs
from .counter import Counter
from .lookup import AccountsLookup
from .session import ACCOUNT
from .words import (
    AccountQuotaBody,
    NewQuota,
    QuotaAll,
    RoleQuotaAll,
    RoleQuotaBody,
    limits_in,
)

TAG = "Quotas"
CHANGED = 'What the body does not name stays as it is; null goes back to the role\'s limit, and "unlimited" is none.'


class QuotaCollection:
    def __init__(self, lookup: AccountsLookup) -> None:
        self._counter = Counter(lookup)

    @needs(Door.KNOWN)
    @operation(
        "List quotas",
        TAG,
        {200: Answer("What each account has, and may have.", QuotaAll)},
        description="The own one; a moderator's list has all. What is used is counted every minute, and at each change.",
        parameters=(ACCOUNT,),
        errors=(400, 404, 409),
    )
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        account = req.get_param("account")
        found = await self._counter.do(req, lambda accounts: accounts.quotas(account))
        resp.media = {"quotas": [quotas.document() for quotas in found]}


class UserQuota:
    def __init__(self, lookup: AccountsLookup) -> None:
        self._counter = Counter(lookup)

    @needs(Right.ADMINISTER)
    @operation(
        "Change the quota of an account",
        TAG,
        {200: Answer("Its quotas.", AccountQuotaBody)},
        description=f"{CHANGED} What the account has already stays, also where it is more.",
        body=NewQuota,
        errors=(400, 404, 409),
    )
    async def on_patch(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, user: str) -> None:
        limits = limits_in(await read_model(req, NewQuota))
        resp.media = (await self._counter.do(req, lambda accounts: accounts.set_quota(user, limits))).document()


class RoleQuotas:
    def __init__(self, lookup: AccountsLookup) -> None:
        self._counter = Counter(lookup)

    @needs(Right.MODERATE)
    @operation(
        "List the quotas of roles",
        TAG,
        {200: Answer("The limits of whoever has none of his own.", RoleQuotaAll)},
        errors=(409,),
    )
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        found = await self._counter.do(req, lambda accounts: accounts.role_quotas())
        resp.media = {"roles": [role_document(role, limits) for role, limits in found.items()]}


class RoleQuota:
    def __init__(self, lookup: AccountsLookup) -> None:
        self._counter = Counter(lookup)

    @needs(Right.ADMINISTER)
    @operation(
        "Change the quota of a role",
        TAG,
        {200: Answer("Its limits.", RoleQuotaBody)},
        description='What the body does not name stays as it is; null and "unlimited" take a limit away.',
        body=NewQuota,
        errors=(400, 409),
    )
    async def on_patch(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, role: str) -> None:
        if role not in set(Role):
            raise NotAQuota(f"{role[:40]!r} is no role", f"roles are {', '.join(Role)}")
        limits = limits_in(await read_model(req, NewQuota))
        found = await self._counter.do(req, lambda accounts: accounts.set_role_quota(Role(role), limits))
        resp.media = role_document(Role(role), found)
