"""Entry points that the tests of type `crmscript` name."""

import threading

told: list[dict[str, object]] = []
may_end = threading.Event()


def notes(event: dict[str, object]) -> None:
    """Remember what it was told."""
    told.append(event)


def raises(event: dict[str, object]) -> None:
    """Fail."""
    raise ValueError("no such record" + "!" * 5000)


def exits(event: dict[str, object]) -> None:
    """Try to end the process."""
    raise SystemExit(3)


def hangs(event: dict[str, object]) -> None:
    """Take longer than anybody waits."""
    may_end.wait(60)


def tells(event: dict[str, object]) -> None:
    """Fail, and tell what it was told."""
    raise ValueError(str(event))
