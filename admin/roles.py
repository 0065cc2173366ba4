"""`python -m admin roles`: who has which role, in the embedded directory."""

from typing import Annotated

import typer

from admin.hub import local_hub
from admin.output import fail, print_json, print_records
from admin.recording import audited
from shared.errors import NotFound
from shared.roles.directory import role_key
from shared.roles.table import ROLES_TABLE, Grant, TableRoles
from shared.roles.user import ARCGIS_PREFIX, User, UserKind, is_arcgis_id, is_guid, normal_user_id

app = typer.Typer(no_args_is_help=True, help="Roles in the embedded directory (ROLE_DIRECTORY=table).")

_AN_ID = "systemuser id, UPN, Entra object id or arcgis:NAME"
_NEEDED = {UserKind.NAME: "UPN", UserKind.ARCGIS: "user name of ArcGIS"}
Users = Annotated[list[str], typer.Argument(help=f"{_AN_ID}; give all ids of one person")]
RoleName = Annotated[
    str | None, typer.Option("--role", metavar="NAME", help="one of the two roles; default: Relationship Manager")
]
AsJson = Annotated[bool, typer.Option("--json", help="print JSON for scripts")]

_HAS_NOT_THE_ROLE = 3


@app.command("list")
def list_(role: RoleName = None, as_json: AsJson = False) -> None:
    """List the users who have the role."""
    name = _role(role)
    records = [_record(grant) for grant in _roles().grants(name)]
    print_records(name, ["user", "role", "note", "grantedAt"], records, as_json=as_json)


@app.command()
def grant(
    users: Users,
    role: RoleName = None,
    note: Annotated[str, typer.Option(help="who this is")] = "",
    as_json: AsJson = False,
) -> None:
    """Grant the role to one or more ids. The app knows it within ROLE_CACHE_SECONDS."""
    if blank := [user for user in users if normal_user_id(user) in {"", ARCGIS_PREFIX}]:
        raise fail(f"USER must be a systemuser id, a UPN, an Entra object id or arcgis:NAME (got {blank[0]!r})")
    name = _role(role)
    roles = _roles()
    for user in users:
        with audited("role.grant", _target(name, user)):
            roles.grant(user, name, note=note)
    _say({"granted": users, "role": name}, f"granted {name} to {', '.join(users)}", as_json=as_json)


@app.command()
def revoke(users: Users, role: RoleName = None, as_json: AsJson = False) -> None:
    """Revoke the role of one or more ids."""
    name = _role(role)
    roles = _roles()
    revoked = [user for user in users if _revoke(roles, name, user)]
    sentence = f"revoked {name} from {', '.join(revoked) or 'nobody'}"
    _say({"revoked": revoked, "role": name}, sentence, as_json=as_json)
    if unknown := [user for user in users if user not in revoked]:
        raise fail(f"these users did not have the role {name}: {', '.join(unknown)}")


@app.command()
def check(
    user: Annotated[str, typer.Argument(help=_AN_ID)],
    kind: Annotated[UserKind | None, typer.Option("--as", help="what USER is; a GUID is a systemuser id")] = None,
    role: RoleName = None,
    as_json: AsJson = False,
) -> None:
    """Check step by step whether a user has the role, according to the directory that ROLE_DIRECTORY names.

    Exit code 0 if they have it, 3 if not, 1 if the directory cannot say.
    """
    asked, name = _user(user, kind), _role(role)
    steps: list[str] = []
    tell = steps.append if as_json else typer.echo
    has_role = local_hub().roles.explain(asked, name, tell)
    if as_json:
        print_json({"user": user, "kind": asked.kind.value, "role": name, "steps": steps, "hasRole": has_role})
    else:
        typer.echo(f"=> {user} {'has' if has_role else 'does not have'} the role {name}")
    if not has_role:
        raise typer.Exit(_HAS_NOT_THE_ROLE)


def _revoke(roles: TableRoles, role: str, user: str) -> bool:
    try:
        with audited("role.revoke", _target(role, user)):
            if not roles.revoke(user, role):
                raise NotFound(f"{user} did not have the role {role}")
    except NotFound:
        return False
    return True


def _target(role: str, user: str) -> str:
    return f"roles/{role}/{normal_user_id(user)}"


def _user(text: str, kind: UserKind | None) -> User:
    id_ = normal_user_id(text)
    if kind is UserKind.ARCGIS and not is_arcgis_id(id_):
        id_ = normal_user_id(ARCGIS_PREFIX + text)
    chosen = kind or _kind_of(id_)
    if not _is_of(chosen, id_):
        raise fail(f"USER must be a {_NEEDED.get(chosen, 'GUID')} (got {text!r})")
    return User(chosen, id_)


def _kind_of(id_: str) -> UserKind:
    if is_arcgis_id(id_):
        return UserKind.ARCGIS
    return UserKind.SYSTEM_USER if is_guid(id_) else UserKind.NAME


def _is_of(kind: UserKind, id_: str) -> bool:
    if is_arcgis_id(id_):
        return kind is UserKind.ARCGIS and id_ != ARCGIS_PREFIX
    return id_ != "" and (kind is UserKind.NAME or is_guid(id_))


def _role(name: str | None) -> str:
    """The role with this name, in any case and with or without spaces, as the settings spell it."""
    settings = local_hub().settings
    roles = (settings.relationship_manager_role, settings.administrator_role)
    if name is None:
        return roles[0]
    found = next((role for role in roles if role_key(role) == role_key(name)), None)
    if found is None:
        # A misspelled role, which nobody ever asks for, could be granted unnoticed.
        raise fail(f"NAME must be {' or '.join(roles)} (got {name!r})")
    return found


def _roles() -> TableRoles:
    hub = local_hub()
    if hub.settings.role_directory != "table":
        typer.echo("note: ROLE_DIRECTORY is graph, so the app does not use the embedded directory", err=True)
    return TableRoles(hub.storage.table(ROLES_TABLE))


def _record(grant: Grant) -> dict[str, object]:
    return {"user": grant.user, "role": grant.role, "note": grant.note, "grantedAt": grant.granted_at}


def _say(value: dict[str, object], sentence: str, *, as_json: bool) -> None:
    if as_json:
        print_json(value)
    else:
        typer.echo(sentence)
