"""`python -m admin`: the hub's command line. Run it in the root of the project, with its environment."""

import signal
import sys

import typer

from admin import callers, dynamics, events, roles, webhooks
from admin.audit import audit
from admin.backup import export, import_
from admin.console import console
from admin.status import status
from shared.errors import HubError

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help="The webhook hub.")
app.add_typer(roles.app, name="roles")
app.add_typer(callers.app, name="callers")
app.add_typer(events.app, name="events")
app.add_typer(dynamics.app, name="dynamics")
app.add_typer(webhooks.app, name="webhooks")
app.command("audit")(audit)
app.command("status")(status)
app.command("console")(console)
app.command("export")(export)
app.command("import")(import_)


def main() -> int:
    """Run the command. A problem is one line on standard error, with exit code 1; wrong usage has exit code 2."""
    # As Ctrl-C: what is interrupted is still written to the audit.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        app()
    except HubError as error:
        typer.echo(f"error: {error.detail}", err=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
