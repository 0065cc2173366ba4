"""Celery's application and gunicorn's: `celery -A bench.django_site.worker worker`, `bench.django_site.worker:web`."""

import os

from celery import Celery
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.django_site.settings")

# Before Django starts: its tasks bind to the application that is current when they are used.
app = Celery("bench", set_as_current=True)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.set_default()
app.autodiscover_tasks()

web = get_wsgi_application()
