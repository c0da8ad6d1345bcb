"""Who asks the API: somebody signed in, or a program with a member's token."""

import hashlib
import secrets
from datetime import timedelta

from django.contrib.auth.models import User
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from ninja.security import HttpBearer
from ninja.throttling import AuthRateThrottle

from flinkci_dashboard.models import ApiToken

PREFIX = "flinkci_"  # by which a token is recognised where it should not be
USE_NOTED = timedelta(minutes=1)  # between two writes of when a token was last used
MAX_TOKENS = 20  # of one member


class TokenError(Exception):
    """A token can't be made; the message says why and what to do."""


def session(request: HttpRequest) -> User | None:
    """Return who is signed in. A request that comes with a token is the token's, be it a wrong one: then it is refused.

    The description for programs does not name this way, which is for people who look at an address in their browser.
    """
    if request.headers.get("Authorization", "").lower().startswith("bearer"):
        return None
    return request.user if isinstance(request.user, User) else None


class BearerToken(HttpBearer):
    """`Authorization: Bearer TOKEN`: the request is its owner's, with the owner's rights and no more."""

    def authenticate(self, request: HttpRequest, token: str) -> ApiToken | None:
        """Return the token; None when nobody has it, or its owner's account is closed."""
        row = ApiToken.objects.select_related("owner").filter(sha256=_hash(token), owner__is_active=True).first()
        if row is None:
            return None
        now = timezone.now()
        stale = Q(last_used_at=None) | Q(last_used_at__lt=now - USE_NOTED)
        ApiToken.objects.filter(stale, pk=row.pk).update(last_used_at=now)
        request.user = row.owner
        return row


class EachToken(AuthRateThrottle):
    """Counts each token by itself, and each account that is signed in: one program's haste is no other's."""

    def get_cache_key(self, request: HttpRequest) -> str:
        """Return under which name the requests of who asks are counted."""
        asks: ApiToken | User = request.auth  # type: ignore[attr-defined]
        return f"throttle_api_{type(asks).__name__}_{asks.pk}"


def make_token(owner: User, name: str) -> str:
    """Make a token and return it, the only time that anybody sees it. Raises TokenError."""
    name = " ".join(name.split())
    if not name or len(name) > 60 or "\0" in name:
        raise TokenError("Give the token a name of at most 60 characters that says what it is for.")
    if owner.api_tokens.filter(name=name).exists():  # type: ignore[attr-defined]
        raise TokenError(f"There is a token named “{name}” already: revoke it first, or choose another name.")
    if owner.api_tokens.count() >= MAX_TOKENS:  # type: ignore[attr-defined]
        raise TokenError(f"One account has at most {MAX_TOKENS} tokens: revoke one that is not used any more.")
    token = PREFIX + secrets.token_urlsafe(32)
    ApiToken.objects.create(owner=owner, name=name, sha256=_hash(token))
    return token


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
