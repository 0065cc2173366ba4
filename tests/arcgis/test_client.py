import pytest

from shared.arcgis.client import ArcGisOutage, ArcGisRefused, refuse_errors
from tests.support.cases import holds_for


@holds_for(
    ("content", "code"),
    [
        ({"error": {"code": 498, "message": "Invalid token.", "details": []}}, 498),
        ({"error": {"code": 400, "messageCode": "CONT_0001", "message": "Item does not exist"}}, 400),
        ({"error": "text"}, 400),
        ({"error": None}, 400),
        ({"status": "error", "messages": ["no", "way"]}, 400),
        ({"status": "Failed"}, 400),
        ({"status": "failure", "code": 403}, 403),
        ({"code": 404, "message": "gone"}, 404),
    ],
)
def test_an_error_is_told_by_the_body_and_not_by_the_status(content: object, code: int) -> None:
    with pytest.raises(ArcGisRefused) as caught:
        refuse_errors("somebody", content)
    assert caught.value.code == code


@pytest.mark.parametrize("content", [{}, [], {"status": "success"}, {"code": 404}, {"code": 200, "message": ""}, "x"])
def test_anything_else_is_none(content: object) -> None:
    refuse_errors("somebody", content)


@pytest.mark.parametrize("content", [{"error": {"code": 500, "message": "Internal"}}, {"code": 503, "message": "busy"}])
def test_an_error_of_the_server_is_an_outage(content: object) -> None:
    with pytest.raises(ArcGisOutage):
        refuse_errors("somebody", content)
