"""How texts are looked for in many rows."""

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import CharField, TextField
from django.db.models.lookups import IContains
from django.db.models.sql.compiler import SQLCompiler


@CharField.register_lookup
@TextField.register_lookup
class Has(IContains):
    """What has a text in it, whatever the case of ASCII letters, as on SQLite: PostgreSQL is quicker by bytes."""

    lookup_name = "has"

    def get_rhs_op(self, connection: BaseDatabaseWrapper, rhs: str) -> str:
        """Return what stands behind the field."""
        return connection.operators["icontains"] % rhs  # type: ignore[attr-defined]  # each backend has it

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, list[Any]]:
        """Return the condition, by the order of bytes."""
        field, before = self.process_lhs(compiler, connection)
        text, after = self.process_rhs(compiler, connection)
        return f'UPPER({field} COLLATE "C") LIKE UPPER({text} COLLATE "C")', [*before, *after]
