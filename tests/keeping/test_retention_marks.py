"""How far retention has come, there and back."""

from shared.hub.hub import Hub
from shared.keeping.retention_marks import RETENTION_TABLE, Look, Marks, RetentionMarks
from tests.keeping.kept import DAY, NOW


def marks(hub: Hub) -> RetentionMarks:
    return RetentionMarks(hub.storage.table(RETENTION_TABLE))


def test_before_the_first_run_there_is_nothing(hub: Hub) -> None:
    assert marks(hub).read() == Marks()


def test_what_was_noted_is_read_back(hub: Hub) -> None:
    look = Look(NOW - DAY, NOW, NOW - 90 * DAY, NOW - 8 * DAY, NOW - 7 * DAY, NOW - 9 * DAY, ("ab", "ab12"))
    marks(hub).note_look(look, is_over=False)
    assert marks(hub).read() == Marks(look, is_over=False)
    marks(hub).note_forgotten(NOW)
    over = Look(NOW - DAY, NOW)
    marks(hub).note_look(over, is_over=True)
    assert marks(hub).read() == Marks(over, is_over=True, forgotten_to=NOW)


def test_a_look_that_a_version_before_noted_has_removed_contents_up_to_no_known_moment(hub: Hub) -> None:
    marks(hub).note_look(Look(NOW - DAY, NOW, contents_from=NOW - 7 * DAY, contents_to=NOW - 7 * DAY), is_over=True)
    table = hub.storage.table(RETENTION_TABLE)
    row = table.get("retention", "marks")
    assert row is not None
    table.put({name: value for name, value in row.items() if name != "ContentsTo"})
    assert marks(hub).read().look == Look(NOW - DAY, NOW, contents_from=NOW - 7 * DAY)
