"""The one view: `POST /records/{mark}` creates a record and answers 201."""

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from bench.django_site.models import Record


@csrf_exempt
def create(request: HttpRequest, mark: str) -> HttpResponse:
    """Create, and let the signal of the model ask Celery for the deliveries."""
    Record.objects.create(mark=mark)
    return HttpResponse(status=201)


urlpatterns = [path("records/<str:mark>", create)]
