"""Channels: messages to whatever service an admin's address names, by Apprise; and the heartbeat to a watcher.

Addresses are secrets, and some come from people, so: a list of services that are spoken to over the network alone, no
redirects, and no connection to a loopback or private address unless ALERT_PRIVATE_ADDRESSES says so. The last is
looked at where connections are made, after names have been resolved: no answer of a name server gets around it.
"""

import logging
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any
from urllib.parse import unquote

import requests
from django.conf import settings

from flinkci_dashboard.clients.errors import InvalidError, UnavailableError
from flinkci_dashboard.clients.secrets import MASK, mask
from flinkci_dashboard.clients.web import anywhere, session

SERVICES = frozenset(
    {
        *("betterstack", "dingtalk", "discord", "feishu", "firehydrant", "flock", "form", "forms", "gchat", "goalert"),
        *("goalerts", "gotify", "gotifys", "ilert", "incidentio", "json", "jsons", "lark", "mailgun", "mailto"),
        *("mailtos", "matrix", "matrixs", "mmost", "mmosts", "nctalk", "nctalks", "ntfy", "ntfys", "opsgenie"),
        *("pagerduty", "pagertree", "pover", "rocket", "rockets", "sendgrid", "slack", "spike", "splunk", "squadcast"),
        *("tgram", "twist", "victorops", "webex", "workflow", "workflows", "wxteams", "xml", "xmls", "zulip"),
    }
)
TYPES = {"bad": "failure", "warn": "warning", "info": "info", "good": "success"}  # as Apprise calls them
WAIT = 20.0  # seconds that one message may take
LOOK_WAIT = 5.0  # seconds for where it would go
HEARTBEAT_WAIT = 10.0
LONGEST = 300  # characters of what came back
HIDDEN = re.compile(r"[^/?&=:@#]{5,}")  # parts of an address that may be secret
EMBEDDING = tuple(map(IPv6Network, ("64:ff9b::/96", "2002::/16", "2001::/32")))  # IPv6 that leads to IPv4 addresses
PINGS = re.compile(r"<!|@(?=everyone|here|channel|all\b|room)", re.IGNORECASE)  # what would call a whole room

_guarded: ContextVar[bool] = ContextVar("guarded", default=False)
_tried: ContextVar[list[str] | None] = ContextVar("tried", default=None)  # where a message would go that is not sent
_hooked = False


class PrivateAddressError(OSError):
    """A channel led to an address of this network."""

    def __init__(self) -> None:
        super().__init__("a private address; ALERT_PRIVATE_ADDRESSES=1 allows it")


class NotNowError(OSError):
    """A message is not to be sent: it was looked where it would go."""


def service_of(address: str) -> str:
    """Return which service an address names: "slack", "jsons". Raises InvalidError, which does not repeat it."""
    service = address.partition(":")[0].strip().lower()
    if service not in SERVICES:
        raise InvalidError(f"“{service[:20]}” is none of the services that channels may use.")
    _load(address)
    return service


def leads_inside(address: str) -> bool:
    """Tell whether a channel leads to a loopback or private address, by letting it go as far as to its connection.

    Nothing is sent. A name that nobody can resolve now leads nowhere yet: it is looked at again whenever it is used.
    """
    channel, tried = _load(address), list[str]()
    for service in channel:
        service.retry = 0
    held = _tried.set(tried)
    try:
        with _public_only(), anywhere():
            channel.notify(".", ".", timeout=LOOK_WAIT)
    finally:
        _tried.reset(held)
    return not all(map(_is_public, tried))


def send(address: str, title: str, body: str, kind: str = "info") -> str:
    """Send a message (`kind`: bad, warn, info or good); returns what came back.

    Raises UnavailableError with what came back instead, and InvalidError for an address that is none.
    """
    channel = _load(address)
    with _public_only(), anywhere():
        result = channel.notify(_calm(body), _calm(title), TYPES[kind], body_format="text", timeout=WAIT)
    words = " ".join(str(entry.message) for entry in result.logs())
    if not result:
        raise UnavailableError(_hidden(words, address)[:LONGEST] or f"not taken ({result.status.name.lower()})")
    return "taken"


def ask(url: str) -> str:
    """Ask a heartbeat's address once; returns "" or what was wrong."""
    try:
        with anywhere(), session() as opened:
            answer = opened.get(url, timeout=HEARTBEAT_WAIT, allow_redirects=False)
    except requests.RequestException as error:
        return f"no answer ({type(error).__name__})"
    return "" if answer.ok else f"it answers {answer.status_code}"


def _load(address: str) -> Any:
    from apprise import Apprise, AppriseAsset  # 60 MB that only those who send need

    asset = AppriseAsset(http_redirects=False, service_timeout=WAIT)
    channel = Apprise(asset=asset)
    if not channel.add(address):
        raise InvalidError("The address is not complete, or not in the form that its service needs.")
    if len(channel) > 1:  # the others could be of any service, and would be spoken to beside the guard
        raise InvalidError("These are several addresses: make a channel of each.")
    for service in channel:
        service.redirects = False  # an address can ask for them
    return channel


def _calm(text: str) -> str:
    """Let no word that came from outside call a whole room."""
    return PINGS.sub(lambda found: f"{found.group()}\u200b", text)


def _hidden(words: str, address: str) -> str:
    """Mask every part of the address in what came back."""
    for part in sorted(set(HIDDEN.findall(unquote(address))), key=len, reverse=True):
        words = words.replace(part, MASK)
    return mask(words)


@contextmanager
def _public_only() -> Iterator[None]:
    global _hooked  # noqa: PLW0603 - an audit hook can't be taken back
    if not _hooked:
        sys.addaudithook(_watch)
        logging.getLogger("apprise").addFilter(lambda record: _tried.get() is None)  # no failure is one then
        _hooked = True
    held = _guarded.set(not settings.ALERT_PRIVATE_ADDRESSES)
    try:
        yield
    finally:
        _guarded.reset(held)


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    """Refuse, while a channel speaks, every connection that does not lead out of this network."""
    if event != "socket.connect":
        return
    to, tried = arguments[1], _tried.get()
    if tried is not None:
        tried.append(str(to[0]) if isinstance(to, tuple) else "")
        raise NotNowError
    if _guarded.get() and (not isinstance(to, tuple) or not _is_public(str(to[0]))):
        raise PrivateAddressError


def _is_public(host: str) -> bool:
    if not host:
        return False  # a socket of this machine
    address: IPv4Address | IPv6Address = ip_address(host.partition("%")[0])
    if isinstance(address, IPv6Address):
        if any(address in network for network in EMBEDDING):
            return False
        address = address.ipv4_mapped or address
    return address.is_global and not address.is_multicast
