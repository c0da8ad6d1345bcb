#!/usr/bin/env python
"""Django's command line for flinkci-dashboard."""

import json
import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from environs import EnvError

CONFIGURATION_IS_WRONG = 2

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "flinkci_dashboard.settings")
    try:
        execute_from_command_line(sys.argv)
    except (EnvError, ImproperlyConfigured) as error:
        print(f"The configuration is wrong: {error}", file=sys.stderr)
        print(json.dumps({"job": "".join(sys.argv[1:2]), "outcome": "failed"}))
        sys.exit(CONFIGURATION_IS_WRONG)
