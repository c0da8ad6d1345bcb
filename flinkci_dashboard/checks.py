"""System checks: mistakes in the configuration, each with an id, before they cost anything."""

import os
from typing import Any

from cryptography.fernet import Fernet
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.db import DatabaseError
from django.utils.module_loading import import_string

from flinkci_dashboard.clients.secrets import environment_token, token
from flinkci_dashboard.clients.web import ADDRESSES
from flinkci_dashboard.jobs.modes import is_active
from flinkci_dashboard.jobs.table import JOBS
from flinkci_dashboard.keys import WRITERS


@register
def check_jobs(**kwargs: Any) -> list[CheckMessage]:
    """Every job's function exists, and the broker never hands out a pass that is still running."""
    found: list[CheckMessage] = []
    for job in JOBS.values():
        try:
            import_string(job.function)
        except ImportError as error:
            found.append(Error(f"Job {job.name} can't be loaded: {error}", id="flinkci.E001"))
    cluster = settings.Q_CLUSTER
    if cluster["retry"] <= cluster["timeout"] * (1 + cluster["queue_limit"] / cluster["workers"]):
        hint = "Set retry above timeout × (1 + queue_limit / workers)."
        found.append(Error("Q_CLUSTER would redeliver a task that is still running.", hint=hint, id="flinkci.E002"))
    return found


@register
def check_keys(**kwargs: Any) -> list[CheckMessage]:
    """The keys that encrypt stored credentials are usable."""
    try:
        for key in settings.CREDENTIALS_KEYS:
            Fernet(key)
    except ValueError:
        hint = 'Make one: python -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"'
        return [Error("CREDENTIALS_KEYS holds something that is not a Fernet key.", hint=hint, id="flinkci.E003")]
    return []


@register
def check_addresses(**kwargs: Any) -> list[CheckMessage]:
    """Outside addresses are http(s) URLs and hold no credentials."""
    found: list[CheckMessage] = []
    for name in ADDRESSES:
        value = getattr(settings, name)
        if not value.startswith(("https://", "http://")) or "@" in value.split("/")[2]:
            hint = "Write it as https://host/path, and put the token into its own variable."
            found.append(Error(f"{name} is not a plain http(s) address.", hint=hint, id="flinkci.E004"))
    return found


@register(deploy=True)
def check_tokens(**kwargs: Any) -> list[CheckMessage]:
    """An active installation has what it needs to write."""
    if any(map(is_active, WRITERS)) and not _has_token("github"):
        hint = "Set GITHUB_TOKEN, or store a GitHub credential in the admin."
        return [Warning("SYNC_MODE is active, but there is no GitHub token.", hint=hint, id="flinkci.W001")]
    return []


@register(deploy=True)
def check_proxies(**kwargs: Any) -> list[CheckMessage]:
    """Behind a proxy each person has an address of their own, or one person's wrong passwords lock all out."""
    if settings.HTTPS and not settings.ALLAUTH_TRUSTED_PROXY_COUNT:
        hint = "Set TRUSTED_PROXIES to how many proxies stand in front: 1 for one that ends TLS."
        words = "A proxy ends TLS, and its address is taken for everybody's: ten failed sign-ins a minute lock all out."
        return [Warning(words, hint=hint, id="flinkci.W002")]
    return []


@register(deploy=True)
def check_shared_keys(**kwargs: Any) -> list[CheckMessage]:
    """What several hosts read together, they read with the same keys."""
    missing = [name for name in ("DJANGO_SECRET_KEY", "CREDENTIALS_KEYS") if not os.environ.get(name)]
    if missing and not settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
        hint = f"Set {' and '.join(missing)} to what DATA_DIR has now, on all of them."
        words = "The keys are in this host's DATA_DIR alone: another host over this database could read no secret."
        return [Warning(words, hint=hint, id="flinkci.W003")]
    return []


def _has_token(service: str) -> bool:
    try:
        return bool(token(service))
    except DatabaseError:  # not migrated yet: nothing can be stored
        return bool(environment_token(service))
