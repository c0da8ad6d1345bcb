"""Addresses of pages, each found once: a page has a hundred links, and to find one takes its time."""

from functools import lru_cache

from django.urls import reverse


@lru_cache(20_000)
def address(name: str, *args: str | int) -> str:
    """Return the address of a page, by its name."""
    return reverse(name, args=args)
