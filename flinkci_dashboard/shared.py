"""What processes share that are forked from one: all code is loaded before, and the garbage collector leaves it alone.

A page of memory is shared until somebody writes on it, and the collector writes on every object that it looks at.
"""

import gc

from django.conf import settings
from django.urls import get_resolver
from django.utils.module_loading import import_string

from flinkci_dashboard.jobs.table import JOBS


def load_shared() -> None:
    """Load views and jobs in the process that forks: web server and worker then need half the memory."""
    import_string(settings.MESSAGE_STORAGE)  # which the first request would do
    get_resolver().reverse_dict  # noqa: B018  (reading it loads all addresses)
    for job in JOBS.values():
        import_string(job.function)
    gc.collect()
    gc.freeze()
