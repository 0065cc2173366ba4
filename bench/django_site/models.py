"""What is created to make an event."""

from django.db import models


class Record(models.Model):
    """A record; saving it fires the webhooks."""

    mark = models.CharField(max_length=40)

    class Meta:
        app_label = "django_site"

    def __str__(self) -> str:
        return self.mark
