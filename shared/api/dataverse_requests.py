"""Dataverse's webhook requests at the edge, for both functions that receive them (docs/receiving.md)."""

from collections.abc import Callable
from typing import Protocol

import azure.functions as func

from shared.dynamics.context import TRIMMED_HEADER
from shared.dynamics.intake import IntakeOutcome
from shared.http import answer, empty_response, json_body
from shared.loops import request_hops


class Receive(Protocol):
    """Judges and stores what a request reports."""

    def __call__(self, body: bytes, *, trimmed: bool, hops: int) -> IntakeOutcome:
        """What became of it; raises errors of shared/errors.py."""
        ...


def answer_dataverse(
    req: func.HttpRequest, context: func.Context, receiver: Callable[[], Receive]
) -> func.HttpResponse:
    """201 without content for an event that is stored now, 200 for one that is not, else a problem.

    `receiver` gives what judges the request; it may raise Misconfigured.
    """

    def receive(request: func.HttpRequest) -> func.HttpResponse:
        hops = request_hops(request.headers)
        outcome = receiver()(json_body(request), trimmed=TRIMMED_HEADER in request.headers, hops=hops)
        return empty_response(201 if outcome is IntakeOutcome.STORED else 200)

    return answer(req, receive, context=context)
