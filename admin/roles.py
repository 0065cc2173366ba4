"""`python -m admin roles`: who is a Relationship Manager, in the embedded directory."""

from typing import Annotated

import typer

from admin.hub import local_hub
from admin.output import fail, print_json, print_records
from shared.roles.table import ROLES_TABLE, Grant, TableDirectory

app = typer.Typer(no_args_is_help=True, help="Relationship Managers in the embedded directory (ROLE_DIRECTORY=table).")

Users = Annotated[list[str], typer.Argument(help="systemuser id, UPN or Entra object id; several for one person")]
AsJson = Annotated[bool, typer.Option("--json", help="print JSON for scripts")]


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List who has the role."""
    records = [_record(grant) for grant in _directory().grants()]
    print_records("Relationship Managers", ["user", "role", "note", "grantedAt"], records, as_json=as_json)


@app.command()
def grant(users: Users, note: Annotated[str, typer.Option(help="who this is")] = "", as_json: AsJson = False) -> None:
    """Give the role to one or more ids. The app sees it within ROLE_CACHE_SECONDS."""
    if blank := [user for user in users if not user.strip()]:
        raise fail(f"USER is {blank[0]!r}: a systemuser id, a UPN or an Entra object id is needed")
    directory = _directory()
    for user in users:
        directory.grant(user, note=note)
    _say({"granted": users}, f"granted to {', '.join(users)}", as_json=as_json)


@app.command()
def revoke(users: Users, as_json: AsJson = False) -> None:
    """Take the role from one or more ids."""
    directory = _directory()
    revoked = [user for user in users if directory.revoke(user)]
    _say({"revoked": revoked}, f"revoked from {', '.join(revoked) or 'nobody'}", as_json=as_json)
    if unknown := [user for user in users if user not in revoked]:
        raise fail(f"had no role: {', '.join(unknown)}")


def _directory() -> TableDirectory:
    hub = local_hub()
    return TableDirectory(hub.storage.table(ROLES_TABLE), hub.settings.relationship_manager_role)


def _record(grant: Grant) -> dict[str, object]:
    return {"user": grant.user, "role": grant.role, "note": grant.note, "grantedAt": grant.granted_at}


def _say(value: dict[str, object], sentence: str, *, as_json: bool) -> None:
    if as_json:
        print_json(value)
    else:
        typer.echo(sentence)
