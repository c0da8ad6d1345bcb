"""Tests that a log names without their package → their whole names, where rows tell of one alone that is called so."""

import re
from collections import defaultdict
from collections.abc import Iterable

from django.db.models import Q

from agents.models import Test

BARE = re.compile(r"[A-Z][\w$]*(?:\.[\w$]+)?\Z")  # FooTest.testBar, FooTest


def with_packages(names: Iterable[str]) -> dict[str, str]:
    """Return {name: whole name}; a name that is whole, or that no row or several rows end with, is its own."""
    whole = {name: name for name in names}
    bare = [name for name in whole if BARE.match(name)]
    if not bare:
        return whole
    asked = Q()
    for name in bare:
        asked |= Q(name__endswith=f".{name}")
    found: dict[str, list[str]] = defaultdict(list)
    for test in Test.objects.filter(asked).values_list("name", flat=True):
        for name in bare:
            if test.endswith(f".{name}"):
                found[name].append(test)
    return whole | {name: tests[0] for name, tests in found.items() if len(tests) == 1}
