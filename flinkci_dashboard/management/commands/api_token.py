"""`manage.py api_token USERNAME`: make a token for reading the API, and print it once."""

from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from flinkci_dashboard.api.tokens import TokenError, make_token


class Command(BaseCommand):
    """Make a token of an account."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the account, and what the token is for."""
        parser.add_argument("username")
        parser.add_argument("--name", default="", help="what the token is for")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the token as the last word."""
        owner = User.objects.filter(username=options["username"], is_active=True).first()
        if owner is None:
            raise CommandError(f"There is no active account {options['username']!r}.")
        try:
            token = make_token(owner, options["name"] or f"made by a command, {timezone.now():%Y-%m-%d %H:%M:%S.%f}")
        except TokenError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"It is shown this once: {token}")
