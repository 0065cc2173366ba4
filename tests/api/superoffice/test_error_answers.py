from shared import errors
from shared.api.superoffice.error_answers import PatchConflict, superoffice_error
from shared.errors import HubError, Misconfigured, NotFound, StorageDown
from tests.support.cases import holds_for

ALL = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, HubError)]


def test_a_webhook_that_is_not_found_is_said_so_as_the_vendor_says_it() -> None:
    assert superoffice_error(NotFound("Webhook id 99999 not found")) == {
        "Error": True,
        "ErrorType": "SoNotFoundException",
        "ErrorMessage": "Webhook id 99999 not found",
        "ErrorSource": "DynamicsWebhookHub",
    }


@holds_for("error", ALL)
def test_every_error_has_a_type(error: type[HubError]) -> None:
    body = superoffice_error(error("why"))
    assert [*body] == ["Error", "ErrorType", "ErrorMessage", "ErrorSource"]
    assert str(body["ErrorType"]).endswith("Exception")
    assert (body["ErrorType"] == "SoException") is (error is HubError)


def test_a_failed_test_in_a_patch_is_a_conflict() -> None:
    assert PatchConflict("why").status == 409
    assert superoffice_error(PatchConflict("why"))["ErrorType"] == "SoIllegalOperationException"


def test_what_is_wrong_with_a_setting_is_not_told() -> None:
    assert "SECRETS_KEY" not in str(superoffice_error(Misconfigured("SECRETS_KEY is missing")))


def test_what_is_wrong_with_storage_is_not_told() -> None:
    told = superoffice_error(StorageDown("list webhooks: storage answered 431"))
    assert told["ErrorMessage"] == "storage is out of reach"
