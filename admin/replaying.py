"""Replays jobs one after the other, with a progress bar on a terminal."""

import sys
from collections.abc import Sequence

from rich.console import Console
from rich.progress import track

from admin.recording import audited
from shared.audit.surfaces import DYNAMICS_REGISTRATION
from shared.dynamics.registration.parsing import parse_id
from shared.errors import HubError
from shared.http import problem_content
from shared.hub.registration import DataverseRegistration


def replay_jobs(
    registration: DataverseRegistration, webhook_id: str, step_id: str, jobs: Sequence[str], *, is_quiet: bool
) -> list[dict[str, object]]:
    """The result of each job: its replay, or the problem. A job that cannot be replayed does not stop the others."""
    # On standard error, so that scripts read nothing but the results.
    console = Console(stderr=True)
    watched = track(jobs, "Replaying", console=console, disable=is_quiet or not sys.stderr.isatty())
    return [{"jobId": job, **_replay(registration, webhook_id, step_id, job)} for job in watched]


def _replay(registration: DataverseRegistration, webhook_id: str, step_id: str, job: str) -> dict[str, object]:
    target = f"{DYNAMICS_REGISTRATION.targets}/{webhook_id}/steps/{step_id}/failures/{job}".lower()
    try:
        with audited("dynamics.job.replay", target):
            return registration.failures.replay(webhook_id, step_id, parse_id(job)).as_json()
    except HubError as error:
        return {"problem": problem_content(error)}
