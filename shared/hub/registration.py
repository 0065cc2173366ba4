"""The registration API put together, for its function and for the command line alike."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from shared.dynamics.connection_intake import ConnectionIntake
from shared.dynamics.organization import Organization
from shared.dynamics.registration.address import url_secrets
from shared.dynamics.registration.advice import Advisor
from shared.dynamics.registration.call import dataverse_call
from shared.dynamics.registration.failed_jobs import FailedJob, FailedJobs
from shared.dynamics.registration.installer import WebhookInstaller
from shared.dynamics.registration.job_replay import JobReplay, ReplayResult
from shared.dynamics.registration.steps import Steps
from shared.dynamics.registration.webhooks import Webhooks


@dataclass(frozen=True)
class Failures:
    """Failed jobs of the steps of a webhook, and their replay; each method raises errors of shared/errors.py alone."""

    steps: Steps
    jobs: FailedJobs
    job_replay: JobReplay

    def list(self, webhook_id: str, step_id: str, *, since: datetime | None, top: int | None) -> list[FailedJob]:
        """Failed jobs of a step, newest first: `top` of them or all, completed at `since` or later."""
        with dataverse_call():
            webhook, _ = self.steps.find(webhook_id, step_id)
            return list(self.jobs.of(step_id, since=since, top=top, secrets=url_secrets(webhook.url)))

    def replay(self, webhook_id: str, step_id: str, job_id: str) -> ReplayResult:
        """Replay one job."""
        with dataverse_call():
            step = self.steps.show(webhook_id, step_id)
            return self.job_replay.replay(step.slot, self.jobs.get(step_id, job_id))


@dataclass(frozen=True)
class DataverseRegistration:
    """The registration API's operations, by what they are about."""

    webhooks: Webhooks
    steps: Steps
    installer: WebhookInstaller
    failures: Failures

    @classmethod
    def assemble(cls, organization: Organization, intake: ConnectionIntake, public_url: str) -> Self:
        """The operations in one organization, for the app at `public_url`."""
        advisor = Advisor(public_url)
        steps = Steps(organization, advisor)
        return cls(
            webhooks=Webhooks(organization, advisor),
            steps=steps,
            installer=WebhookInstaller(organization, advisor),
            failures=Failures(steps, FailedJobs(organization), JobReplay(organization, intake)),
        )
