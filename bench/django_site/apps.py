"""The project's one application."""

from django.apps import AppConfig


class Site(AppConfig):
    """Named, so that models have a label."""

    name = "bench.django_site"
    label = "django_site"
