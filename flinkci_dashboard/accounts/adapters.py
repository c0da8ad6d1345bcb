"""django-allauth's decisions, as this project makes them: sign-up is closed, the allow-list rules GitHub sign-ins."""

import logging
import time
from typing import Any

from allauth.account import app_settings
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp, SocialLogin
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest
from django.shortcuts import render

from flinkci_dashboard.accounts.mail import sends_mail
from flinkci_dashboard.accounts.roles import role_for
from flinkci_dashboard.clients import web
from flinkci_dashboard.clients.github import people as identity
from flinkci_dashboard.clients.secrets import reveal, seal

log = logging.getLogger(__name__)


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are made by admins."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Nobody makes an account alone."""
        return False

    # allauth counts failed sign-ins over five minutes; its own words leave open how long "later" is.
    error_messages = DefaultAccountAdapter.error_messages | {
        "too_many_login_attempts": "Too many failed sign-ins. Try again in 5 minutes."
    }

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Ask for the password again, but not of somebody who has just signed in with it."""
        records = get_authentication_records(self.request, self.request.user)
        fresh = time.time() - app_settings.REAUTHENTICATION_TIMEOUT
        return super().is_reauthentication_required(app=app) and not any(record["at"] > fresh for record in records)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send, unless mail is only printed: a link that resets a password has no place in a log."""
        if not sends_mail():
            log.warning("A mail about an account was not sent: EMAIL_URL is not set")
            return
        super().send_mail(template_prefix, email, context)


class SocialAccountAdapter(DefaultSocialAccountAdapter):
    """Whoever the allow-list names may sign in with GitHub; it is asked at every sign-in."""

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Turn away everybody else, and inactive accounts."""
        login = str(sociallogin.account.extra_data.get("login", ""))
        account_id = int(sociallogin.account.uid)
        role = role_for(login, account_id, lambda organization, team: _in_team(sociallogin, organization, team, login))
        if role is None:
            log.warning("GitHub sign-in refused: %s is not on the allow-list", login)
            raise ImmediateHttpResponse(render(request, "account/not_allowed.html", {"login": login}, status=403))
        sociallogin.state["role"] = role.pk
        sociallogin.email_addresses = []  # mail goes to addresses that an admin entered

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """Let in who passed the allow-list."""
        return "role" in sociallogin.state

    def is_auto_signup_allowed(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """Ask nothing: GitHub's login becomes the user name."""
        return True

    def populate_user(self, request: HttpRequest, sociallogin: SocialLogin, data: dict[str, Any]) -> User:
        """Take over the name, and no mail address."""
        return super().populate_user(request, sociallogin, data | {"email": ""})

    def save_user(self, request: HttpRequest, sociallogin: SocialLogin, form: Any = None) -> User:
        """Give a new account the role of the row that let it in."""
        user = super().save_user(request, sociallogin, form)
        user.groups.add(sociallogin.state["role"])
        return user

    def get_app(self, request: HttpRequest, provider: str, client_id: str | None = None) -> SocialApp:
        """Answer 404 where GitHub sign-in is not set up."""
        try:
            return super().get_app(request, provider, client_id)
        except SocialApp.DoesNotExist:
            raise Http404("GitHub sign-in is not set up.") from None

    def get_requests_session(self) -> Any:
        """Speak to configured hosts only."""
        return web.session()


class SecondFactorAdapter(DefaultMFAAdapter):
    """Secrets of authenticator apps are kept like credentials."""

    def encrypt(self, text: str) -> str:
        """Seal the secret of an authenticator app or a recovery seed."""
        return seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Open it, to check a code."""
        return reveal(encrypted_text)


def _in_team(sociallogin: SocialLogin, organization: str, team: str, login: str) -> bool:
    return bool(sociallogin.token) and identity.in_team(sociallogin.token.token, organization, team, login)
