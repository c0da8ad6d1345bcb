"""Filters: a text is found anywhere in a field, whatever its case, and is never a pattern."""

import pytest

from flinkci_dashboard.models import AuditEvent
from flinkci_dashboard.web.filters import contains

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("text", "found"),
    [
        *(("MASTER", ["Ünal’s master"]), ("Ünal", ["Ünal’s master"]), ("s m", ["Ünal’s master"])),
        *(("100%", ["100% of_it"]), ("f_i", ["100% of_it"]), ("f%i", []), ("o_i", []), ("\\", [])),
        *(('"100% of_it"', ["100% of_it"]), ('"100%"', [])),
    ],
)
def test_what_a_text_finds(text, found):
    for subject in ("Ünal’s master", "100% of_it"):
        AuditEvent.objects.create(subject=subject)
    rows = AuditEvent.objects.filter(contains(text, "subject", "act"))
    assert list(rows.values_list("subject", flat=True)) == found
