import azure.functions as func
import pytest

from shared.api.dataverse_requests import answer_dataverse
from shared.dynamics.intake import IntakeOutcome
from shared.errors import Misconfigured
from tests.support.invoking import invocation_context

CONTEXT = invocation_context()


class Receiving:
    """Notes what it is given, and answers the same each time."""

    def __init__(self, outcome: IntakeOutcome) -> None:
        self.given: list[tuple[bytes, bool, int]] = []
        self._outcome = outcome

    def __call__(self, body: bytes, *, trimmed: bool, hops: int) -> IntakeOutcome:
        self.given.append((body, trimmed, hops))
        return self._outcome


def request(**headers: str) -> func.HttpRequest:
    given = {"content-type": "application/json", **{name.replace("_", "-"): text for name, text in headers.items()}}
    return func.HttpRequest("POST", "http://hub.example/", headers=given, body=b"{}")


@pytest.mark.parametrize(
    ("outcome", "status"),
    [(IntakeOutcome.STORED, 201), (IntakeOutcome.DUPLICATE, 200), (IntakeOutcome.IGNORED, 200)],
)
def test_only_what_is_stored_now_is_a_201_and_no_answer_has_a_body(outcome: IntakeOutcome, status: int) -> None:
    response = answer_dataverse(request(), CONTEXT, lambda: Receiving(outcome))
    assert (response.status_code, response.get_body()) == (status, b"")


@pytest.mark.parametrize("value", ["", "0", "false", "262145"])
def test_the_header_of_a_trimmed_request_counts_whatever_its_value_is(value: str) -> None:
    receiving = Receiving(IntakeOutcome.STORED)
    answer_dataverse(request(x_ms_dynamics_msg_size_exceeded=value), CONTEXT, lambda: receiving)
    answer_dataverse(request(x_hub_hops="2"), CONTEXT, lambda: receiving)
    assert receiving.given == [(b"{}", True, 0), (b"{}", False, 2)]


def test_another_content_type_is_refused_before_anything_is_judged() -> None:
    receiving = Receiving(IntakeOutcome.STORED)
    assert answer_dataverse(request(content_type="text/plain"), CONTEXT, lambda: receiving).status_code == 415
    assert receiving.given == []


def test_a_wrong_setting_is_our_outage() -> None:
    def misconfigured() -> Receiving:
        raise Misconfigured("a setting is wrong")

    assert answer_dataverse(request(), CONTEXT, misconfigured).status_code == 503
