import pytest

from shared.api.superoffice.render import default_webhook, tag_times
from tests.api.superoffice.samples import rendered


@pytest.mark.parametrize(
    "header", ["NO, includeTZOffset", "261,INCLUDETZOFFSET", "includeTZOffset", "Nowhere, includeTZOffset"]
)
def test_times_are_tagged_as_utc_and_never_shifted(header: str) -> None:
    entity = tag_times(rendered(), header)
    assert (entity["Registered"], entity["Updated"]) == ("2025-11-03T09:15:42Z", "2026-01-02T03:04:05Z")
    assert [*entity] == [*rendered()]


@pytest.mark.parametrize("header", [None, "", "NO", "261", "includeTZOffsets", "x" * 10_000])
def test_without_the_wish_for_offsets_times_stay(header: str | None) -> None:
    assert tag_times(rendered(), header) == rendered()


def test_a_time_that_is_unset_or_not_selected_is_not_tagged() -> None:
    assert tag_times(default_webhook(), "NO, includeTZOffset") == default_webhook()
    assert tag_times({"Registered": None}, "NO, includeTZOffset") == {"Registered": None}


def test_tagging_twice_is_tagging_once() -> None:
    once = tag_times(rendered(), "NO, includeTZOffset")
    assert tag_times(once, "NO, includeTZOffset") == once
