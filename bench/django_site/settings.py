"""Settings; all others are the defaults of Django, Celery and django-webhook."""

import os

SECRET_KEY = "of a benchmark, protects nothing"  # noqa: S105 - as it says
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "bench.django_site.urls"
INSTALLED_APPS = ["django_webhook", "bench.django_site"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ["BENCH_DATABASE"],
        # Several processes write: let them wait for each other, and let readers wait for none.
        "OPTIONS": {"timeout": 30, "transaction_mode": "IMMEDIATE", "init_command": "PRAGMA journal_mode=WAL;"},
    }
}
DJANGO_WEBHOOK = {"MODELS": ["django_site.Record"]}
CELERY_BROKER_URL = os.environ["BENCH_BROKER"]
