"""Errors as ArcGIS Workflow Manager's clients know them."""

import pytest

from shared.api.arcgis import arcgis_error
from shared.arcgis.operations import UnknownConnection
from shared.arcgis.portal import PortalDown
from shared.errors import (
    BadRequest,
    Conflict,
    ContentTooLarge,
    FieldError,
    Forbidden,
    HubError,
    Misconfigured,
    NotFound,
    StorageDown,
    TooManyRequests,
    Unauthenticated,
)


def test_an_error_has_workflow_managers_shape() -> None:
    refusal = BadRequest.of([FieldError("#/secret", "secret is required")])
    assert arcgis_error(refusal) == {
        "error": {
            "code": 400,
            "message": "secret is required",
            "type": "InvalidArgumentsException",
            "details": [{"field": "secret", "message": "secret is required"}],
        }
    }


def test_what_is_wrong_with_storage_is_not_told() -> None:
    error = arcgis_error(StorageDown("list connections: storage answered 431"))["error"]
    assert error == {
        "code": 503,
        "message": "storage is out of reach",
        "type": "UnexpectedResultsException",
        "details": [],
    }


def test_a_wrong_setting_is_not_told() -> None:
    body = arcgis_error(Misconfigured("SECRETS_KEY is wrong"))
    assert "SECRETS_KEY" not in str(body)
    assert arcgis_error(PortalDown("x"))["error"] == {
        "code": 503,
        "message": "x",
        "type": "PortalException",
        "details": [],
    }


@pytest.mark.parametrize(
    ("error", "type_"),
    [
        (ContentTooLarge("x"), "InvalidArgumentsException"),
        (Unauthenticated("x"), "UnauthorizedException"),
        (Forbidden("x"), "ForbiddenException"),
        (NotFound("x"), "NotFoundException"),
        (UnknownConnection("x"), "NotFoundException"),
        (Conflict("x"), "ConflictException"),
        (Misconfigured("x"), "WorkflowConfigurationException"),
        (TooManyRequests("x"), "UnexpectedResultsException"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, HubError) else "",
)
def test_the_type_says_what_happened(error: HubError, type_: str) -> None:
    told = arcgis_error(error)["error"]
    assert isinstance(told, dict)
    assert (told["code"], told["type"]) == (error.status, type_)


def test_an_unknown_connection_is_a_400_as_esris_reference_has_it() -> None:
    assert UnknownConnection("x").status == 400
