"""Access tokens: JWTs that name a session for 15 minutes, or as long as it lasts, and the keys that sign them.

HS256, because only servers with this database verify them, and whoever reads the key there could as well read a private one.
What a token says of its own algorithm decides nothing, and its kid is only looked up among those that we made.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import jwt
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from ..database.secret_texts import RANDOM_BYTES, fresh_id
from ..database.tables import SigningKeyRow
from ..errors import NotSignedIn
from ..rights import Role

LIFETIME = timedelta(minutes=15)
LASTING_MAX = timedelta(days=14)  # of a token that is its session's only one
ROTATION = timedelta(days=30)
LONGEST = 1024  # characters of a token that is worth a look; ours have about 300

_ALGORITHM = "HS256"
_ISSUER = "homeostat"
_KID = re.compile(r"[0-9a-f]{1,32}")


@dataclass(frozen=True, slots=True)
class TokenClaims:
    """What a token says, verified."""

    session: str
    account: int
    expires: datetime


Told = Callable[[Role], Mapping[str, Any]]
"""What a token says beside that to whoever reads it, such as a page, of the role of its account. It lets nobody in."""


def nothing(role: Role) -> Mapping[str, Any]:
    return {}


def signed(session: Session, claims: TokenClaims, now: datetime, told: Mapping[str, Any] | None = None) -> str:
    """Returns the token for claims. Makes a key where the newest is too old, or there is none."""
    key = _current_key(session, now)
    payload = {
        **(told or {}),
        "iss": _ISSUER,
        "sub": str(claims.account),
        "sid": claims.session,
        "jti": fresh_id(),  # Two tokens of one second differ: who holds the older one sees that it was renewed meanwhile.
        "iat": int(now.timestamp()),
        "exp": int(claims.expires.timestamp()),
    }
    return jwt.encode(payload, key.secret, algorithm=_ALGORITHM, headers={"kid": key.kid})


def kid_of(token: str) -> str:
    """Returns which key a token says it is signed with. It is only good for looking that key up.

    Raises:
        NotSignedIn: it is no such token.
    """
    if len(token) > LONGEST:
        raise NotSignedIn()
    try:
        kid = jwt.get_unverified_header(token).get("kid")
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        raise NotSignedIn() from error
    if not isinstance(kid, str) or not _KID.fullmatch(kid):
        raise NotSignedIn()
    return kid


def verified(token: str, key: str, now: datetime) -> TokenClaims:
    """Returns what a token says.

    Raises:
        NotSignedIn: it has expired, or the key did not sign it.
    """
    # The expiry is looked at below, by our clock. When a token was made does not matter: the clock may have gone back since.
    options: Any = {"require": ["exp", "sub", "sid"], "verify_exp": False, "verify_iat": False, "verify_nbf": False}
    try:
        found = jwt.decode(token, key, algorithms=[_ALGORITHM], issuer=_ISSUER, options=options)
        claims = TokenClaims(str(found["sid"]), int(found["sub"]), datetime.fromtimestamp(int(found["exp"]), now.tzinfo))
    except (jwt.PyJWTError, ValueError, TypeError, OverflowError, OSError, RecursionError) as error:
        raise NotSignedIn() from error
    if claims.expires <= now:
        raise NotSignedIn()
    return claims


def key_called(session: Session, kid: str) -> str:
    """Returns a key.

    Raises:
        NotSignedIn: we made none of that kid, or it is too old to have signed what still holds.
    """
    row = session.get(SigningKeyRow, kid)
    if row is None:
        raise NotSignedIn()
    return row.secret


def _current_key(session: Session, now: datetime) -> SigningKeyRow:
    row = session.scalar(select(SigningKeyRow).order_by(SigningKeyRow.made.desc(), SigningKeyRow.kid).limit(1))
    if row is not None and now - row.made < ROTATION:
        return row
    row = SigningKeyRow(kid=fresh_id(), secret=secrets.token_urlsafe(RANDOM_BYTES), made=now)
    session.add(row)
    session.execute(delete(SigningKeyRow).where(SigningKeyRow.made < now - ROTATION - LASTING_MAX - 4 * LIFETIME))
    return row
