"""The operations on the failed jobs of a webhook's steps: list, replay."""

from dataclasses import dataclass
from datetime import datetime

from shared.dynamics.registration.address import url_secrets
from shared.dynamics.registration.call import dataverse_call
from shared.dynamics.registration.failed_jobs import FailedJob, FailedJobs
from shared.dynamics.registration.failure_kind import FailureKind
from shared.dynamics.registration.job_replay import JobReplay, ReplayResult
from shared.dynamics.registration.own_addresses import posts_to_this_app
from shared.dynamics.registration.steps import Steps
from shared.errors import Conflict


@dataclass(frozen=True)
class Failures:
    """The operations. Each raises errors of shared/errors.py alone; ids are GUIDs in lower case."""

    steps: Steps
    jobs: FailedJobs
    job_replay: JobReplay

    def list(
        self,
        webhook_id: str,
        step_id: str,
        *,
        since: datetime | None,
        top: int | None,
        kind: FailureKind | None = None,
        until: datetime | None = None,
    ) -> list[FailedJob]:
        """Failed jobs of a step that completed from `since` to `until`, newest first: `top` or all, of a kind."""
        with dataverse_call():
            webhook, _ = self.steps.find(webhook_id, step_id)
            secrets = url_secrets(webhook.url)
            return list(self.jobs.of(step_id, since=since, until=until, top=top, kind=kind, secrets=secrets))

    def replay(self, webhook_id: str, step_id: str, job_id: str) -> ReplayResult:
        """Replay one job; raises Conflict if its webhook posts to another receiver."""
        with dataverse_call():
            webhook, step = self.steps.find(webhook_id, step_id)
            if not posts_to_this_app(webhook.url):
                raise Conflict("only jobs of a step that posts to this app can be replayed")
            return self.job_replay.replay(step.slot, self.jobs.get(step_id, job_id))
