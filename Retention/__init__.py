"""Timer `RETENTION_SCHEDULE`: removes what is kept for long enough, and repairs what was lost on the way."""

import azure.functions as func

from shared.hub.hub import process_hub
from shared.telemetry.invocation import invoked


def main(timer: func.TimerRequest, context: func.Context) -> None:
    """Run once. After an exception the next run goes on where this one stopped."""
    with invoked(context):
        process_hub().retention.run()
