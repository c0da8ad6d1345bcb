"""Sessions with PostgreSQL: the server ends those whose host went away without a word, and so their locks."""

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.dispatch import receiver

# Seconds and counts of the server's own keepalives, whose defaults come to more than two hours; on a Unix socket they
# mean nothing. Set in each session, for a pooler may refuse to pass on what a connection begins with.
ALIVE = """SELECT set_config('tcp_keepalives_idle', '10', false), set_config('tcp_keepalives_interval', '5', false),
    set_config('tcp_keepalives_count', '3', false), set_config('tcp_user_timeout', '25s', false)"""


@receiver(connection_created)
def keep_alive(connection: BaseDatabaseWrapper, **facts: Any) -> None:
    """Have the server ask whether this session's host is still there."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(ALIVE)
