"""The spellings of ids; what the directories make of them stands in their own tests."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.roles.user import User, UserKind, is_guid, normal_user_id

GUID = "cc03d281-c95c-e911-a979-000d3a1cc8fe"


@pytest.mark.parametrize("text", [GUID, GUID.upper(), f"{{{GUID}}}", f" {{{GUID.upper()}}}\n"])
def test_a_guid_has_one_spelling(text: str) -> None:
    assert normal_user_id(text) == GUID
    assert User.of_account(text) == User(UserKind.ENTRA_OBJECT, GUID)


@pytest.mark.parametrize(
    ("text", "id_"), [(" Kim@Hub.example ", "kim@hub.example"), ("ArcGIS: Megan ", "arcgis:Megan")]
)
def test_a_name_is_in_lower_case_but_in_arcgis(text: str, id_: str) -> None:
    assert normal_user_id(text) == id_


@pytest.mark.parametrize("text", ["", "x", GUID[:-1], f"{GUID}0", GUID.replace("-", ""), GUID.upper()])
def test_any_other_text_is_no_guid(text: str) -> None:
    assert not is_guid(text)


@given(st.text())
def test_a_normal_id_stays_as_it_is(text: str) -> None:
    assert normal_user_id(normal_user_id(text)) == normal_user_id(text)
