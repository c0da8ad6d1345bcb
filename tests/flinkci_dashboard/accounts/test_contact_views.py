"""The contacts, as a page and as files, and whom every page says to ask."""

import csv
import io

import pytest

from flinkci_dashboard.models import Contact
from tests.addresses import PAGES
from tests.reading import text

pytestmark = pytest.mark.django_db


def test_contacts_are_shown_with_what_they_help_with(reader):
    Contact.objects.filter(name="Robert Metzger").update(active=False)
    page = text(reader, "/contacts/")
    assert "Yang Wang" in page
    assert "agents and their machines" in page
    assert "Robert Metzger" not in page


def test_contacts_as_csv_run_nothing(reader):
    Contact.objects.create(name="=HYPERLINK(1)", roles="PMC")
    answer = reader.get("/contacts/contacts.csv")
    rows = list(csv.DictReader(io.StringIO(answer.getvalue().decode(), newline="")))
    assert rows[0]["name"] == "'=HYPERLINK(1)"
    assert len(rows) == 6
    assert answer["Content-Disposition"].startswith('attachment; filename="contacts-')


def test_contacts_as_vcards(reader):
    Contact.objects.filter(name="Jing Ge").update(mailing_list="dev@flink.apache.org", github="x")
    cards = text(reader, "/contacts/contacts.vcf")
    assert cards.count("BEGIN:VCARD") == 5
    assert "EMAIL:dev@flink.apache.org" in cards


def test_every_page_says_whom_to_ask(reader):
    for page in PAGES:
        answer = reader.get(page.path)
        html = answer.status_code == 200 and answer["Content-Type"].startswith("text/html")
        if html and not page.part and page.name not in ("contacts", "public_status", "api_tokens"):
            assert "Whom to ask" in answer.content.decode(), page.path
