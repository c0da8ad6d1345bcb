"""The WSGI entry point for a production web server."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "flinkci_dashboard.settings")
application = get_wsgi_application()

from flinkci_dashboard.shared import load_shared  # noqa: E402  (Django has to be set up)

load_shared()
