"""The second factor of those who administer."""

import re
from collections.abc import Callable

from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect

from flinkci_dashboard.accounts.roles import may_administer

GetResponse = Callable[[HttpRequest], HttpResponseBase]
FACTORS = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
# What somebody without a second factor reaches: the pages (and their script) to set one up, and the way out.
OPEN = re.compile(r"^(mfa_.*|passkeys|account_reauthenticate|account_logout|account_change_password|healthz|readyz)$")


class SecondFactor:
    """Lead admins who signed in with a password or GitHub alone to set up a second factor, before anything else.

    Where a factor exists already, the sign-in itself asks for it. A session that was not made by a sign-in on the
    site (a test's, or a management command's) is left alone.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Pass the request on."""
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: object, arguments: object, options: object
    ) -> HttpResponse | None:
        """Answer with a redirect when the second factor is missing."""
        match = request.resolver_match
        if match and OPEN.match(match.url_name or "") or not lacks_second_factor(request):
            return None
        messages.warning(request, "Accounts that can use the admin need a second factor. Set one up to go on.")
        return redirect("mfa_index")


def lacks_second_factor(request: HttpRequest) -> bool:
    """Tell a session of an admin who signed in on the site, and has no second factor."""
    if not settings.REQUIRE_SECOND_FACTOR or not request.user.is_authenticated:
        return False
    records = get_authentication_records(request, request.user)
    if not records or any(record["method"] == "mfa" for record in records):
        return False
    return may_administer(request.user) and not is_mfa_enabled(request.user, FACTORS)
