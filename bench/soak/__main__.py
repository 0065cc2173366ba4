"""`python -m bench.soak [--seed N] [--events N] [--seconds N]`: 0 if nothing was lost and pauses were kept."""

import argparse
import random
import shutil
import signal
import sys
from collections import Counter
from collections.abc import Iterator

from bench.soak.plan import make_plan
from bench.soak.run import Report, run
from devhost.install import ROOT, find_node

_SHOWN = 20


def main() -> int:
    """Soak, print the account, and say by the exit code whether all is as it should be."""
    # Ending this process ends the host and the storage that it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    arguments = _arguments()
    seed = random.SystemRandom().randrange(10**6) if arguments.seed is None else arguments.seed
    plan = make_plan(seed, events=arguments.events, seconds=arguments.seconds)
    _say(f"soak with seed {seed}: {len(plan.events)} events within {arguments.seconds} s")
    find_node()
    folder = ROOT / ".local" / "soak"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    report = run(plan, folder, patience_seconds=arguments.patience, say=_say)
    sys.stdout.writelines(f"{line}\n" for line in _lines(report))
    sys.stdout.write(f"repeat it with: make soak SEED={seed} EVENTS={len(plan.events)} SECONDS={arguments.seconds}\n")
    return 1 if report.lost or report.forged or report.pauses.broken else 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description="Loses nothing, whatever happens.")
    parser.add_argument("--seed", type=int, help="default: a new one")
    parser.add_argument("--events", type=int, default=1000)
    parser.add_argument("--patience", type=int, default=300, help="seconds to wait until all is settled, and replayed")
    parser.add_argument("--seconds", type=int, default=120, help="how long events come and faults happen")
    return parser.parse_args()


def _lines(report: Report) -> Iterator[str]:
    events = len(report.plan.events) + len(report.plan.calm)
    yield f"acknowledged  {len(report.settled.acknowledged)} of {events} events"
    yield f"answers       {_counts(report.statuses)} (0: none came)"
    yield f"faults        {_counts(report.done)}"
    yield f"settled       {_counts(Counter(report.settled.states.values()))}"
    yield f"mended        {_counts(Counter(report.replayed.states.values()))}"
    yield f"duplicates    {report.replayed.duplicates()} of {sum(report.replayed.successes.values())} receipts"
    yield f"stored twice  {len(report.replayed.stored_twice())}"
    yield f"wrong signature  {report.forged}"
    yield f"disabled      {', '.join(sorted(report.disabled)) or 'none'}"
    yield f"pauses        {report.pauses.pauses} judged, {len(report.pauses.broken)} requests in them"
    yield from (f"  {sentence}" for sentence in report.pauses.broken[:_SHOWN])
    yield f"seconds       {', '.join(f'{name} {seconds:.0f}' for name, seconds in report.seconds.items())}"
    yield f"lost          {len(report.lost)}"
    yield from (f"  {sentence}" for sentence in report.lost[:_SHOWN])


def _counts(counter: "Counter[str] | Counter[int]") -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counter.items(), key=str)) or "none"


if __name__ == "__main__":
    sys.exit(main())
