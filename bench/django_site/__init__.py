"""A Django project as small as can be that sends webhooks with django-webhook; it runs in an environment of its own."""
