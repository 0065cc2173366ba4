"""The events that options of `dynamics ensure` name, each with those options that it can have."""

from collections.abc import Sequence

import typer

from shared.dynamics.registration.ensure_bodies import can_have_columns, message_of
from shared.dynamics.registration.image import can_have_pre_image


def events_of(
    names: Sequence[str], columns: str | None, *, pre_image: bool, prune: bool
) -> list[dict[str, object]] | None:
    """The member `events` of the body, None without names.

    Columns and the pre-image are for every event that can have them. Raises BadParameter if there is none.
    """
    if not names:
        given = {"--columns": columns is not None, "--pre-image": pre_image, "--prune": prune}
        if needing := [option for option, is_given in given.items() if is_given]:
            raise typer.BadParameter(f"{needing[0]} goes with --event only")
        return None
    events = [_event(name, columns, pre_image=pre_image) for name in names]
    for option, member, is_given in (
        ("--columns", "columns", columns is not None),
        ("--pre-image", "preImage", pre_image),
    ):
        if is_given and not any(member in event for event in events):
            raise typer.BadParameter(f"none of these events can have {option}")
    return events


def _event(name: str, columns: str | None, *, pre_image: bool) -> dict[str, object]:
    message = message_of(name)
    event: dict[str, object] = {"event": name}
    if columns is not None and can_have_columns(message, has_pre_image=pre_image):
        event["columns"] = [column.strip() for column in columns.split(",")]
    if pre_image and can_have_pre_image(message):
        event["preImage"] = True
    return event
