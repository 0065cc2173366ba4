"""`python -m bench.django_site.register URL...`: make the database, and a webhook at each URL for new records."""

import os
import sys

import django
from django.core.management import call_command

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.django_site.settings")
django.setup()

from django_webhook.models import Webhook, WebhookSecret, WebhookTopic, populate_topics_from_settings  # noqa: E402


def main(urls: list[str]) -> None:
    """Do it, on an empty database."""
    call_command("migrate", "--run-syncdb", verbosity=0)
    populate_topics_from_settings()
    for url in urls:
        webhook = Webhook.objects.create(url=url)
        WebhookSecret.objects.create(webhook=webhook, token="secret of the benchmark")  # noqa: S106 - protects nothing
        webhook.topics.add(WebhookTopic.objects.get(name="django_site.Record/create"))


if __name__ == "__main__":
    main(sys.argv[1:])
