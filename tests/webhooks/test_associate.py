from hypothesis import given
from hypothesis import strategies as st

from shared.webhooks.associate import associate_of
from tests.support.superoffice import Associate, member_names


def test_an_associate_has_all_members_in_the_vendors_order() -> None:
    associate = associate_of("anna@example.com", is_application=False).render()
    assert [*associate] == member_names(Associate)
    Associate.model_validate(associate)


def test_the_number_of_a_user_never_changes() -> None:
    # It stands in callbacks that receivers keep: ChangedByAssociateId.
    assert associate_of("anna@example.com", is_application=False).id == 2_010_467_362


def test_an_application_is_no_person() -> None:
    person, application = (associate_of("x", is_application=is_one).render() for is_one in (False, True))
    assert (person["Type"], application["Type"]) == ("InternalAssociate", "SystemAssociate")


@given(st.text())
def test_the_number_is_a_positive_int32(user_id: str) -> None:
    associate = associate_of(user_id, is_application=False)
    assert 0 < associate.id < 2**31
    assert associate.render()["FullName"] == user_id
