"""The registration API put together, for its function and for the command line alike."""

from dataclasses import dataclass
from typing import Self

from shared.dynamics.intake import DataverseIntake
from shared.dynamics.organization import Organization
from shared.dynamics.registration.advice import Advisor
from shared.dynamics.registration.failed_jobs import FailedJobs
from shared.dynamics.registration.failures import Failures
from shared.dynamics.registration.installer import WebhookInstaller
from shared.dynamics.registration.job_replay import JobReplay
from shared.dynamics.registration.own_addresses import OwnAddresses
from shared.dynamics.registration.steps import Steps
from shared.dynamics.registration.webhooks import Webhooks


@dataclass(frozen=True)
class DataverseRegistration:
    """The registration API's operations, by what they are about."""

    webhooks: Webhooks
    steps: Steps
    installer: WebhookInstaller
    failures: Failures

    @classmethod
    def assemble(cls, organization: Organization, intake: DataverseIntake, public_url: str) -> Self:
        """The operations in one organization, for the app at `public_url`."""
        advisor = Advisor(OwnAddresses(public_url))
        steps = Steps(organization, advisor)
        return cls(
            webhooks=Webhooks(organization, advisor),
            steps=steps,
            installer=WebhookInstaller(organization, advisor),
            failures=Failures(steps, FailedJobs(organization), JobReplay(organization, intake)),
        )
