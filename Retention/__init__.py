"""Timer `RETENTION_SCHEDULE`: removes what is kept for long enough, and repairs what was lost on the way."""

import azure.functions as func

from shared.hub.hub import process_hub


def main(timer: func.TimerRequest) -> None:
    """Run once. After an exception the next run goes on where this one stopped."""
    process_hub().retention.run()
