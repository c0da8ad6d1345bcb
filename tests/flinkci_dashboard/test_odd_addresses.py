"""Whatever stands in the address, a page answers: with what fits, or with what is wrong."""

from urllib.parse import urlencode

import pytest
from django.test import Client

ODD = ["-1", "9" * 30, "x" * 5000, "\x00", "a\x00b", "😀", "%_", "'\"<>", "1e9", "2026-13-45", "../..", "\u202e"]
PARAMETERS = {
    "/mirrors/?": ["page"],
    "/pulls/?": ["page", "state", "ci", "waiting", "author", "label", "ticket", "q", "sort"],
    "/pulls/orphans/?": ["page"],
    "/builds/?": ["before", "scope", "branch", "state", "reason", "host", "definition"],
    "/agents/charts/?": ["range"],
    "/labels/?": ["tab", "pulls", "page"],
    "/labels/?tab=no-ticket&": ["q", "page"],
    "/activity/?": ["page", "words", "who", "since", "until"],
    "/activity/activity.csv?": ["words", "who", "since", "until"],
    "/jobs/sync_mirrors/?": ["page"],
}
NOWHERE = [
    "/branches/%00/",
    "/branches/a%0Ab/",
    "/branches/%ff/",
    "/jobs/%00/",
    f"/builds/{'9' * 30}/",
    f"/builds/azure/{'9' * 30}/",
    "/builds/nobody/1/",
    f"/pulls/{'9' * 30}/",
]


@pytest.mark.parametrize("page", PARAMETERS)
def test_an_odd_value_breaks_no_page(admin: Client, bootstrapped, page):
    for name in PARAMETERS[page]:
        for value in ODD:
            assert admin.get(f"{page}{urlencode({name: value})}").status_code == 200, (name, value)


@pytest.mark.parametrize("address", NOWHERE)
def test_an_odd_address_is_not_found(admin: Client, bootstrapped, address):
    assert admin.get(address).status_code == 404
