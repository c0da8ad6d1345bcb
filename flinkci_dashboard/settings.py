"""The one settings file. Everything comes from the environment; see README, "Environment"."""

from pathlib import Path
from typing import Any

from environs import Env, validate

from flinkci_dashboard.keys import data_folder, encryption_key, key_from_file, mail_settings, signing_key, sync_modes

env = Env()
BASE_DIR = Path(__file__).resolve().parent.parent

# Where things stand ---------------------------------------------------------------------------

DATA_DIR = data_folder(env.path("DATA_DIR", BASE_DIR / "var").absolute())

DEBUG = env.bool("DJANGO_DEBUG", False)
SECRET_KEY = env.str("DJANGO_SECRET_KEY", "") or key_from_file(DATA_DIR / "secret_key", signing_key)
ALLOWED_HOSTS = env.list("DJANGO_ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
CREDENTIALS_KEYS = env.list("CREDENTIALS_KEYS", []) or [key_from_file(DATA_DIR / "credentials_key", encryption_key)]

# The outside world ----------------------------------------------------------------------------

GITHUB_API_URL = env.str("GITHUB_API_URL", "https://api.github.com").rstrip("/")
GITHUB_GIT_URL = env.str("GITHUB_GIT_URL", "https://github.com").rstrip("/")
AZURE_DEVOPS_URL = env.str("AZURE_DEVOPS_URL", "https://dev.azure.com/apache-flink").rstrip("/")
AZURE_PROJECT = env.str("AZURE_PROJECT", "apache-flink")
JIRA_URL = env.str("JIRA_URL", "https://issues.apache.org/jira").rstrip("/")
SYNC_MODE = env.str("SYNC_MODE", "observe")  # `jobs.modes` tells which job may write
sync_modes(SYNC_MODE)  # refuses what it does not understand

PUBLIC_URL = env.str("PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/")  # base of addresses in alerts
ALERT_URLS: list[str] = env.list("ALERT_URLS", [])  # `bootstrap` makes a channel of each
ALERT_PRIVATE_ADDRESSES = env.bool("ALERT_PRIVATE_ADDRESSES", False)  # may channels reach loopback and private ones?
HEARTBEAT_URL = env.str("HEARTBEAT_URL", "")  # asked once a minute while all is on time

# Django ---------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "flinkci_dashboard",
    "sync",
    "labeler",
    "agents",
    "flinkci_dashboard.apps.FlinkAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.github",
    "allauth.mfa",
    "allauth.usersessions",
    "django_q",
    "django_htmx",
    "django_filters",
    "csp",
]

MIDDLEWARE = [
    "flinkci_dashboard.web.request_ids.identify",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",  # Django masks tokens and pads answers: lengths say nothing
    "flinkci_dashboard.web.headers.protect",
    "flinkci_dashboard.web.zones.reader_zone",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",  # deny by default
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "flinkci_dashboard.accounts.middleware.SecondFactor",
    "flinkci_dashboard.accounts.tracking.track",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "flinkci_dashboard.urls"
WSGI_APPLICATION = "flinkci_dashboard.wsgi.application"
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "account_login"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "flinkci_dashboard.context.site",
            ],
        },
    },
]

DATABASES = {"default": env.dj_db_url("DATABASE_URL", f"sqlite:///{DATA_DIR / 'flinkci.sqlite3'}")}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A deferred transaction that turns into a write fails at once when another holds the lock; an immediate one waits.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL",
    }
else:
    # A network that loses everything is noticed within half a minute; `sessions` has the server notice it, too.
    patience = {"connect_timeout": 10, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3}
    options = patience | {"tcp_user_timeout": 25_000} | DATABASES["default"].get("OPTIONS", {})
    DATABASES["default"] |= {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True, "OPTIONS": options}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

# People ---------------------------------------------------------------------------------------

AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
METRICS_TOKEN = env.str("METRICS_TOKEN", "")  # bearer token of /metrics; without it there is none
GITHUB_WEBHOOK_SECRET = env.str("GITHUB_WEBHOOK_SECRET", "")  # HMAC key of /webhooks/github
AZURE_WEBHOOK_LOGIN = env.str("AZURE_WEBHOOK_LOGIN", "")  # user:password of /webhooks/azure
PUBLIC_STATUS = env.bool("PUBLIC_STATUS", False)  # a page without names at /status/, for everybody
REQUIRE_SECOND_FACTOR = env.bool("REQUIRE_SECOND_FACTOR", True)  # of everybody who can use the admin
GITHUB_LOGIN_CLIENT_ID = env.str("GITHUB_LOGIN_CLIENT_ID", "")
GITHUB_LOGIN_CLIENT_SECRET = env.str("GITHUB_LOGIN_CLIENT_SECRET", "")
ACCOUNT_ADAPTER = "flinkci_dashboard.accounts.adapters.AccountAdapter"
ACCOUNT_EMAIL_VERIFICATION = "none"  # admins enter addresses; nobody signs up
ACCOUNT_SESSION_REMEMBER = False  # a session ends with the browser, and after SESSION_COOKIE_AGE at the latest
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_NOTIFICATIONS = True  # of changed passwords and factors
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXIES", 0)  # how many entries of X-Forwarded-For are ours
SOCIALACCOUNT_ADAPTER = "flinkci_dashboard.accounts.adapters.SocialAccountAdapter"
SOCIALACCOUNT_QUERY_EMAIL = False
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_PROVIDERS = {
    "github": {
        "SCOPE": ["read:org"],  # teams are not public
        "APPS": [{"client_id": GITHUB_LOGIN_CLIENT_ID, "secret": GITHUB_LOGIN_CLIENT_SECRET}]
        if GITHUB_LOGIN_CLIENT_ID
        else [],
    }
    | ({} if GITHUB_GIT_URL == "https://github.com" else {"GITHUB_URL": GITHUB_GIT_URL})
}
MFA_ADAPTER = "flinkci_dashboard.accounts.adapters.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Flink CI"
MFA_TOTP_TOLERANCE = 1  # thirty seconds either way, for clocks that are off

EMAIL = mail_settings(env.str("EMAIL_URL", "console://"))
EMAIL_BACKEND, EMAIL_HOST, EMAIL_PORT = EMAIL.backend, EMAIL.host, EMAIL.port
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = EMAIL.user, EMAIL.password
EMAIL_USE_TLS, EMAIL_USE_SSL, EMAIL_TIMEOUT = EMAIL.starttls, EMAIL.tls, 30
DEFAULT_FROM_EMAIL = env.str("MAIL_FROM", "flinkci@localhost")

USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"

STATIC_URL = "static/"
STATIC_ROOT = env.path("STATIC_ROOT", DATA_DIR / "static").absolute()
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# Browsers -------------------------------------------------------------------------------------

HTTPS = env.bool("DJANGO_HTTPS", False)  # a proxy in front ends TLS
LOOPBACK = {"localhost", "127.0.0.1", "[::1]"}
if not HTTPS and set(ALLOWED_HOSTS) <= LOOPBACK:
    # Served to this machine alone, where there is no TLS to insist on. Any other host brings the warnings back.
    SILENCED_SYSTEM_CHECKS = ["security.W004", "security.W008", "security.W012", "security.W016"]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]  # probes come past the proxy
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if HTTPS else "http"
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
CSRF_TRUSTED_ORIGINS: list[str] = env.list("DJANGO_CSRF_TRUSTED_ORIGINS", [])
DEFAULT_EXCEPTION_REPORTER_FILTER = "flinkci_dashboard.web.error_reports.MaskingReporterFilter"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        # A browser also checks where a form's answer redirects to: GitHub, for its sign-in.
        "form-action": ["'self'", *([GITHUB_GIT_URL] if GITHUB_LOGIN_CLIENT_ID else [])],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}

# Background work ------------------------------------------------------------------------------

REDIS_URL = env.str("REDIS_URL", "")
TASK_TIMEOUT = 3600  # seconds; no pass runs longer
WORKERS = env.int("WORKERS", 4, validate=validate.Range(min=1))
Q_CLUSTER: dict[str, Any] = {
    "name": "flinkci",
    "workers": WORKERS,
    "timeout": TASK_TIMEOUT,
    # The redelivery clock starts when a task is fetched ahead, so it must outlive everything queued before it.
    "queue_limit": WORKERS,
    "retry": 2 * TASK_TIMEOUT + 600,
    "ack_failures": True,  # a failed pass is not repeated: the next one on schedule heals
    "max_attempts": 1,
    "catch_up": False,
    "scheduler": False,  # `jobs.enqueue_due` schedules; django-q2 looks only every 30 s
    "save_limit": 100,
    "max_rss": 250_000,  # kB, what is shared included: a worker that a big pass has made fat is replaced
    "poll": 0.5,
    "cache": "unread",
    "label": "Background tasks",
} | ({"redis": REDIS_URL} if REDIS_URL else {"orm": "default"})

CACHES = {
    # Rows, with Redis at hand too: nobody is kept from signing in while the broker is away. Counters of failed sign-ins
    # are kept here, and must not be crowded out.
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "django_cache",
        "OPTIONS": {"MAX_ENTRIES": 20_000},
    },
    # django-q2 notes its processes' state twice a second; nobody reads it, so it goes nowhere.
    "unread": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"},
}

LOG_FORMAT = env.str("LOG_FORMAT", "text", validate=validate.OneOf(["text", "json"]))
LOG_LEVEL = env.str("LOG_LEVEL", "INFO", validate=validate.OneOf(["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]))
LOG_FILTERS = ["secrets", "request", "run"]
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "secrets": {"()": "flinkci_dashboard.clients.secrets.MaskSecrets"},
        "request": {"()": "flinkci_dashboard.web.request_ids.AddRequestId"},
        "run": {"()": "flinkci_dashboard.logs.AddRunId"},
    },
    "formatters": {
        "text": {"format": "{asctime} {levelname} {name} [{request_id} {run_id}] {message}", "style": "{"},
        "json": {"()": "flinkci_dashboard.logs.JsonLines"},
        "page": {"format": "{asctime} {levelname} {message}", "style": "{", "datefmt": "%H:%M:%S"},
    },
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT, "filters": LOG_FILTERS},
        "page": {"class": "flinkci_dashboard.logs.KeepLines", "formatter": "page", "filters": LOG_FILTERS},
    },
    "root": {"handlers": ["stderr", "page"], "level": LOG_LEVEL},
    "loggers": {
        # Their DEBUG lines hold whole bodies.
        name: {"level": "WARNING"}
        for name in ("github", "msrest", "azure", "urllib3", "requests", "apprise")
    }
    # These two have handlers of their own.
    | {name: {"handlers": [], "level": "WARNING", "propagate": True} for name in ("django-q", "gunicorn.error")},
}
