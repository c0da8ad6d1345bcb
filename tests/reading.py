"""Pages as their readers see them."""

from django.test import Client
from django.urls import reverse


def read(browser: Client, name: str, *args, query: str = "") -> str:
    """Return the text of a page by its address's name."""
    response = browser.get(reverse(name, args=args) + query)
    assert response.status_code == 200
    return response.content.decode()


def text(browser: Client, path: str) -> str:
    """Return the text at an address."""
    answer = browser.get(path)
    assert answer.status_code == 200
    return answer.getvalue().decode()
