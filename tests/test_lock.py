"""What is installed by hash is what `requirements.txt` asks for."""

import re

import pytest
from django.conf import settings
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

LOCK = (settings.BASE_DIR / "requirements.lock").read_text()
PINS = (line.partition("#")[0].strip() for line in (settings.BASE_DIR / "requirements.txt").read_text().splitlines())
LOCKED = dict(re.findall(r"^([\w.-]+)==(\S+)", LOCK, re.MULTILINE))


@pytest.mark.parametrize("pin", [line for line in PINS if line])
def test_every_pin_is_locked(pin):
    wanted = Requirement(pin)
    assert LOCKED.get(canonicalize_name(wanted.name)) in wanted.specifier, "run: make lock"


def test_everything_locked_has_a_hash():
    entries = re.split(r"\n(?=[\w.-]+==)", LOCK)
    assert len(entries) > 40
    assert all("--hash=sha256:" in entry for entry in entries)
