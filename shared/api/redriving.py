"""`POST /api/v1/events/redrive`: puts the hub's messages in poison queues back, as `python -m admin events redrive`."""

from collections.abc import Mapping

from shared.api.parameters import parse_flag, require_known
from shared.audit.recording import note
from shared.delivery.pace.gate import PaceGate
from shared.delivery.pace.wakeups import WAKEUPS_QUEUE
from shared.delivery.redrive import redrive
from shared.storage.account import StorageAccount
from shared.storage.scan import WorkBudget

_TRANSACTIONS = 4
"""Of a wake-up that is made again."""


def redrive_queues(
    storage: StorageAccount, gate: PaceGate, query: Mapping[str, str], budget: WorkBudget
) -> dict[str, object]:
    """`{"queues": [{"queue", "putBack", "left"}], "more"}`; with `dryRun` nothing is put back.

    The item `wakeups` counts wake-ups that were lost and made again. With `more` the next call goes on. Raises
    BadRequest.
    """
    require_known(query, ("dryRun",))
    dry_run = parse_flag(query, "dryRun")
    note(target="queues")
    worked = [*redrive(storage, dry_run=dry_run, budget=budget)]
    at_most = None if dry_run else budget.left() // _TRANSACTIONS
    lost = gate.remake_lost_wake_ups(dry_run=dry_run, at_most=at_most)
    queues = [{"queue": done.queue, "putBack": done.put_back, "left": done.left} for done in worked]
    queues.append({"queue": WAKEUPS_QUEUE, "putBack": 0 if dry_run else lost, "left": lost if dry_run else 0})
    return {"queues": queues, "more": lost == at_most or not all(done.is_whole for done in worked)}
