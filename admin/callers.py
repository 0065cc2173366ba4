"""`python -m admin callers`: API keys, with which people and scripts call the administrative functions."""

from typing import Annotated

import typer

from admin.hub import local_hub
from admin.output import fail, print_json, print_records
from admin.recording import audited
from shared.audit.recording import note as note_
from shared.callers.api_keys import IssuedKey

app = typer.Typer(no_args_is_help=True, help="API keys of callers. A key is shown only once, when it is issued.")

AsJson = Annotated[bool, typer.Option("--json", help="print JSON for scripts")]


@app.command()
def issue(
    user: Annotated[
        str, typer.Argument(help="UPN or Entra object id; what the key opens depends on the roles of this user")
    ],
    note: Annotated[str, typer.Option(help="what the key is for")] = "",
    as_json: AsJson = False,
) -> None:
    """Issue a key for a user, and show it. It cannot be shown again."""
    if not user.strip():
        raise fail("USER must not be empty: it is a UPN or an Entra object id")
    with audited("key.issue"):
        try:
            key, issued = local_hub().api_keys.issue(user, note=note)
        except ValueError as refusal:
            raise fail(f"USER is {user!r}: {refusal}") from None
        note_(target=f"keys/{issued.id}/{issued.user}")
    if as_json:
        print_json({"key": key, **_record(issued)})
    else:
        typer.echo(key)
        typer.echo(f"This is key {issued.id} of {issued.user}. It will not be shown again.", err=True)


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the issued keys by their ids. The keys themselves are not stored."""
    records = [_record(issued) for issued in local_hub().api_keys.list()]
    print_records("API keys", ["id", "user", "note", "issuedAt"], records, as_json=as_json)


@app.command()
def revoke(
    id_: Annotated[str, typer.Argument(metavar="ID", help="id of a key, as `callers list` shows it")],
    as_json: AsJson = False,
) -> None:
    """Revoke a key. It stops working at once."""
    with audited("key.revoke", f"keys/{id_.strip().lower()}"):
        revoked = local_hub().api_keys.revoke(id_)
        if as_json:
            print_json({"revoked": revoked})
        if not revoked:
            raise fail(f"no key has the id {id_}")
    if not as_json:
        typer.echo(f"revoked {id_}")


def _record(issued: IssuedKey) -> dict[str, object]:
    return {"id": issued.id, "user": issued.user, "note": issued.note, "issuedAt": issued.issued_at}
