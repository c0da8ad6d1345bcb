"""The GitHub accounts that an account of the dashboard is linked to."""

from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.models import User


def github_logins(user: User) -> list[str]:
    """Return the logins of the linked GitHub accounts (mostly one), as GitHub wrote them at the last sign-in."""
    accounts = SocialAccount.objects.filter(user=user, provider="github")
    logins = (str(account.extra_data.get("login", "")) for account in accounts)
    return [login for login in logins if login]
