"""The documentation names what the program has, and names nothing that it has not."""

import json
import re
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

import pytest
from pydantic.alias_generators import to_camel
from typer.main import get_command

from admin.__main__ import app as command_line
from shared import errors
from shared.api.audit import PARAMETERS
from shared.api.contract.document import openapi_document
from shared.arcgis.connection_input import ConnectionInput
from shared.arcgis.consent import RUN_AS_TABLE
from shared.arcgis.layer_event import EVENT_NAMES
from shared.arcgis.webhook_connection import CONNECTIONS_TABLE
from shared.audit.entry import MAX_TEXT, AuditEntry
from shared.audit.entry import Outcome as AuditOutcome
from shared.audit.log import AUDIT_TABLE, MAX_REFUSALS_PER_MINUTE, audit_row
from shared.audit.surface import UNKNOWN
from shared.audit.surfaces import OTHER_ACTIONS, SURFACES
from shared.audit.writing import LINE_NAME, RowOutcome
from shared.callers.api_keys import new_key
from shared.callers.token_kind import API_KEY_PREFIX
from shared.delivery.pace.state import PacedUsage, paced_usage_columns
from shared.delivery.pace.wakeups import WAKEUPS_QUEUE
from shared.delivery.queues import DELIVERIES_QUEUE, SLOW_QUEUE
from shared.delivery.record import DELIVERIES_TABLE, DeliveryState
from shared.delivery.redrive import POISON_SUFFIX
from shared.delivery.waiting import WaitingReason
from shared.dynamics.intake import IntakeOutcome
from shared.dynamics.registration.failed_jobs import EXPLANATIONS
from shared.dynamics.senders import ORGANIZATIONS_TABLE
from shared.errors import HubError
from shared.events.announcement import EVENTS_QUEUE
from shared.events.event import EventState
from shared.events.late import LATE_EVENTS_TABLE
from shared.events.rows import EVENTLOG_TABLE, EVENTS_TABLE
from shared.keeping import retention_report, retention_rules
from shared.keeping.exported_kinds import KINDS
from shared.keeping.retention_marks import RETENTION_TABLE
from shared.outbound.reply import ErrorClass
from shared.settings import Settings, setting_names
from shared.version import __version__
from shared.webhooks.rows import USAGE_TABLE, WEBHOOKS_TABLE
from shared.webhooks.signing import ENCODED, PRIVATE, PUBLIC
from shared.webhooks.stats import DURATION_BOUNDS, HOURS_OF_WEEK, LATENCY_BOUNDS
from shared.webhooks.subscriptions import SUBSCRIPTIONS_TABLE
from shared.webhooks.webhook import WEBHOOK_TYPES
from tests.browser.pictures import IMAGES, PICTURES
from tests.support.cases import holds_for

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
ALL_DOCS = "\n".join(path.read_text(encoding="utf-8") for path in sorted(DOCS.glob("*.md")))
ERRORS = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, HubError)]
PLATFORM_SETTINGS = {"FUNCTIONS_WORKER_RUNTIME", "PYTHON_THREADPOOL_THREAD_COUNT"}
MAX_IMAGE = 150_000
# What begins a key, a secret or an id: `abc_...`, `abc_` alone in code, or with many characters behind it.
_PREFIX = re.compile(r"(?<![A-Za-z0-9_])([a-z]{2,6}_)(?=\.\.\.|…|`|[A-Za-z0-9+/=-]{20})")
_HEADER = re.compile(r"(?<![A-Za-z0-9-])(?:[Xx]|[Cc]e)-[A-Za-z][A-Za-z-]+[A-Za-z]|WebHook-[A-Z][A-Za-z-]+")
FUNCTIONS = sorted(path.parent for path in ROOT.glob("*/function.json"))


def doc(name: str) -> str:
    return (DOCS / f"{name}.md").read_text(encoding="utf-8")


@holds_for("name", sorted(setting_names()))
def test_every_setting_is_documented(name: str) -> None:
    assert f"| `{name}` |" in doc("settings")


def test_every_documented_setting_exists() -> None:
    documented = set(re.findall(r"^\| `(\w+)` \|", doc("settings"), re.MULTILINE))
    assert documented == setting_names()


@holds_for("name", sorted(setting_names()))
def test_every_default_is_documented_as_it_is(name: str) -> None:
    field = next((field for field in Settings.model_fields.values() if field.alias == name), None)
    default = field.default if field else None
    text = ",".join(map(str, default)) if isinstance(default, tuple) else _as_setting(default)
    assert f"| `{name}` | {f'`{text}`' if text else ''} |".replace("|  |", "| |") in doc("settings")


def _as_setting(default: object) -> str:
    return str(default).lower() if default is True else str(default or "")


def test_the_example_of_local_settings_holds_known_settings_only() -> None:
    values = json.loads((ROOT / "local.settings.json.example").read_text(encoding="utf-8"))["Values"]
    assert set(values) - PLATFORM_SETTINGS <= setting_names()


@pytest.mark.parametrize("name", sorted(PLATFORM_SETTINGS))
def test_settings_that_the_platform_reads_are_documented(name: str) -> None:
    assert f"`{name}`" in doc("settings")


@holds_for("error", [error for error in ERRORS if error is not HubError])
def test_every_error_is_documented_with_its_status(error: type[HubError]) -> None:
    assert f"| `{error.__name__}` | {error.status} |" in doc("receiving")


@holds_for("folder", FUNCTIONS)
def test_every_function_is_documented_with_its_route_queue_or_schedule(folder: Path) -> None:
    bindings = json.loads((folder / "function.json").read_text(encoding="utf-8"))["bindings"]
    trigger = next(binding for binding in bindings if "Trigger" in binding["type"])
    place = next(trigger[name] for name in ("route", "queueName", "schedule") if name in trigger).strip("%")
    assert folder.name in ALL_DOCS
    assert place.split("/{")[0] in ALL_DOCS


@pytest.mark.parametrize("state", list(EventState))
def test_every_state_of_an_event_is_documented(state: EventState) -> None:
    assert f"| `{state.value}` |" in doc("events")


@holds_for("value", [*DeliveryState, *ErrorClass])
def test_every_state_and_error_class_of_a_delivery_is_documented(value: StrEnum) -> None:
    assert f"| `{value.value}` |" in doc("delivery")


@pytest.mark.parametrize("type_", sorted(WEBHOOK_TYPES))
def test_every_type_of_webhook_is_documented(type_: str) -> None:
    assert f"`{type_}`" in doc("delivery")
    assert f"`{type_}`" in doc("superoffice")


@pytest.mark.parametrize("reason", list(WaitingReason))
def test_every_reason_to_wait_is_documented(reason: WaitingReason) -> None:
    assert f"| `{reason.value}` |" in doc("delivery")


@holds_for("column", sorted(paced_usage_columns(PacedUsage())))
def test_every_column_of_a_webhooks_usage_is_documented(column: str) -> None:
    assert f"`{column}`" in doc("runbook").partition("### The row of usage")[2].partition("\n## ")[0]


def test_the_columns_of_the_statistics_are_documented_with_their_bounds() -> None:
    columns = doc("runbook").partition("### The row of usage")[2].partition("\n## ")[0]
    assert f"`Hour000` to `Hour{HOURS_OF_WEEK - 1}`" in columns
    statistics = doc("events").partition("### Statistics")[2].partition("\n### ")[0]
    assert (DURATION_BOUNDS[-1], LATENCY_BOUNDS[-1]) == (60_000, 72 * 3_600_000)
    assert "30 and 60 s" in statistics
    assert "24 and 72 h" in statistics


@pytest.mark.parametrize("queue", [EVENTS_QUEUE, DELIVERIES_QUEUE, WAKEUPS_QUEUE, SLOW_QUEUE])
def test_every_queue_is_documented_with_its_poison_queue(queue: str) -> None:
    assert f"| `{queue}` |" in doc("architecture")
    assert f"`{queue}{POISON_SUFFIX}`" in doc("architecture")
    assert f"`{queue}{POISON_SUFFIX}`" in doc("runbook")


PACKAGES = sorted(path.parent.name for path in (ROOT / "shared").glob("*/__init__.py"))


@holds_for("package", PACKAGES)
def test_every_package_is_in_the_tree_of_the_architecture(package: str) -> None:
    assert f"`{package}/`" in doc("architecture").partition("## The tree")[2].partition("\n## ")[0]


def test_the_way_of_an_event_names_modules_that_exist() -> None:
    way = doc("architecture").partition("## One event, from module to module")[2].partition("\n## ")[0]
    named = re.findall(r"`([a-z_]+/[a-z_/]+\.py)`", way)
    assert len(named) > 10
    assert [path for path in named if not (ROOT / "shared" / path).is_file()] == []


@holds_for("name", sorted(EVENT_NAMES))
def test_every_event_of_a_feature_service_is_documented(name: str) -> None:
    assert f"`{name}`" in doc("arcgis")


@holds_for("name", sorted(to_camel(field) for field in ConnectionInput.model_fields))
def test_every_member_of_a_webhook_connection_is_documented(name: str) -> None:
    assert f"`{name}`" in doc("arcgis")


@pytest.mark.parametrize(
    "table",
    [
        *(
            EVENTS_TABLE,
            EVENTLOG_TABLE,
            LATE_EVENTS_TABLE,
            WEBHOOKS_TABLE,
            SUBSCRIPTIONS_TABLE,
            USAGE_TABLE,
            DELIVERIES_TABLE,
        ),
        *(CONNECTIONS_TABLE, RUN_AS_TABLE, AUDIT_TABLE, ORGANIZATIONS_TABLE, RETENTION_TABLE, "roles", "apikeys"),
    ],
)
def test_every_table_is_documented(table: str) -> None:
    assert f"| `{table}` |" in doc("architecture")


@holds_for("target", " ".join(re.findall(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)).split())
def test_every_make_target_is_documented(target: str) -> None:
    assert f"| `make {target}` |" in doc("development")


def test_every_command_of_the_command_line_is_documented() -> None:
    commands = get_command(command_line).commands  # type: ignore[attr-defined] # a group, by the type of the program
    groups = {name: command for name, command in commands.items() if hasattr(command, "commands")}
    assert [name for name in commands if f"`python -m admin {name}" not in doc("development")] == []
    documented = dict(re.findall(r"`python -m admin (\w+) ([\w|-]+)`", doc("development")))
    assert {name: set(group.commands) for name, group in groups.items()} == {
        name: set(commands.split("|")) for name, commands in documented.items()
    }


AUDITED = AuditEntry(datetime.now(UTC), "x", "x", "x", AuditOutcome.DONE, 200)


def test_every_member_of_the_audits_line_is_documented_with_its_column() -> None:
    columns = audit_row(AUDITED).keys() - {"PartitionKey", "RowKey"}
    table = doc("security").partition("| member | column | meaning |")[2].partition("\n\n")[0]
    documented = re.findall(r"^\| `([a-z]+)` \| (?:`(\w+)` )?\| ", table, re.MULTILINE)
    line = {"name": LINE_NAME, **AUDITED.as_json(), "row": RowOutcome.WRITTEN}
    assert {member for member, _ in documented} == line.keys()
    assert {column for _, column in documented if column} == columns


@pytest.mark.parametrize("value", list(AuditOutcome))
def test_every_outcome_in_the_audit_is_documented(value: AuditOutcome) -> None:
    assert f"| `{value.value}` | " in doc("security")


@pytest.mark.parametrize("value", list(RowOutcome))
def test_what_became_of_a_row_of_the_audit_is_documented(value: RowOutcome) -> None:
    assert f"`{value.value}`" in doc("security")


ACTIONS = {operation.action for surface in SURFACES for operation in surface.operations} | {*OTHER_ACTIONS, UNKNOWN}


@holds_for("action", sorted(ACTIONS))
def test_every_action_in_the_audit_is_documented(action: str) -> None:
    assert f"`{action}`" in doc("security")


@pytest.mark.parametrize("name", PARAMETERS)
def test_every_parameter_of_the_audit_is_documented(name: str) -> None:
    assert f"| `{name}` | " in doc("security").partition("`GET /api/v1/events/audit`")[2]


def test_the_limits_of_the_audit_are_documented() -> None:
    assert f"get {MAX_REFUSALS_PER_MINUTE} rows a minute" in doc("security")
    assert f"in any case; {MAX_TEXT} characters at most" in doc("security")


def test_every_member_of_the_line_of_retention_is_documented() -> None:
    documented = re.findall(r"^\| `(\w+)` \|", doc("retention"), re.MULTILINE)
    assert documented == ["name", *retention_report.RetentionReport().as_json(), "seconds"]
    assert f'{{"name": "{retention_report.LINE_NAME}", ' in doc("retention")


def test_the_limits_of_retention_are_documented() -> None:
    assert f"more than {retention_rules.MAX_DAYS:,}" in doc("retention")
    assert f"but {retention_rules.MIN_AUDIT_DAYS} days at least" in doc("retention")


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_rows_in_an_export_is_documented(kind: str) -> None:
    assert f"| `{kind}` |" in doc("runbook").partition("## Backup")[2].partition("\n## ")[0]


def test_each_example_of_a_key_or_a_secret_begins_as_real_ones_do() -> None:
    pages = [*DOCS.rglob("*.md"), ROOT / "README.md", ROOT / "devhost" / "README.md"]
    texts = {page.name: page.read_text(encoding="utf-8") for page in pages}
    texts["the document"] = json.dumps(openapi_document(), ensure_ascii=False)
    # Of Standard Webhooks' own example, docs/sources/delivery.md.
    known = {API_KEY_PREFIX, ENCODED, PRIVATE, PUBLIC, "msg_"}
    found = {(name, prefix) for name, text in texts.items() for prefix in _PREFIX.findall(text)}
    assert {API_KEY_PREFIX, ENCODED, PRIVATE, PUBLIC} <= {prefix for _, prefix in found}
    assert {(name, prefix) for name, prefix in found if prefix not in known} == set()
    assert f"`{API_KEY_PREFIX}...`" in texts["the document"]
    assert new_key().startswith(API_KEY_PREFIX)


def test_every_header_that_a_page_names_is_one_that_the_code_knows() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "shared").rglob("*.py")).lower()
    # Chosen by the flow in docs/receivers.md.
    named = {name.lower() for name in _HEADER.findall(ALL_DOCS)} - {"x-flow-key"}
    assert len(named) > 10
    assert [name for name in sorted(named) if name not in code] == []


def test_every_dependency_has_a_reason() -> None:
    reasons = doc("development")
    lines = (ROOT / "requirements.in").read_text() + (ROOT / "requirements-dev.txt").read_text()
    named = {name for name in re.findall(r"^([\w.-]+)==", lines, re.MULTILINE) if not name.startswith("types-")}
    assert sorted(name for name in named if name not in reasons) == []


def test_every_page_is_linked_from_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [page.name for page in DOCS.glob("*.md") if f"docs/{page.name}" not in readme] == []


def test_every_link_of_the_documentation_leads_somewhere() -> None:
    pages = [ROOT / "README.md", *DOCS.glob("*.md")]
    links = [
        (page, link) for page in pages for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8"))
    ]
    assert [f"{page.name}: {link}" for page, link in links if not (page.parent / link).exists()] == []


def test_each_image_of_the_documentation_is_one_that_make_pictures_draws_and_small() -> None:
    pages = [ROOT / "README.md", *DOCS.glob("*.md")]
    found = [
        (page, link) for page in pages for link in re.findall(r"\]\(([^)]+\.png)\)", page.read_text(encoding="utf-8"))
    ]
    named = {path for page, link in found if (path := (page.parent / link).resolve()).parent == IMAGES}
    assert named == {IMAGES / f"{picture.name}.png" for picture in PICTURES} == {*IMAGES.iterdir()}
    assert [image.name for image in named if image.stat().st_size > MAX_IMAGE] == []
    assert [image.name for image in named if image.read_bytes()[:8] != b"\x89PNG\r\n\x1a\n"] == []


def test_the_version_is_one() -> None:
    assert f'version = "{__version__}"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    released = re.findall(r"^## \[([\d.]+)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert released[:1] in ([], [__version__])


@pytest.mark.parametrize(("code", "explanation"), EXPLANATIONS.items())
def test_every_error_code_of_a_failed_job_is_documented(code: str, explanation: str) -> None:
    assert f"| `{code}` | {explanation} |" in doc("dynamics")


@pytest.mark.parametrize("outcome", [*(outcome.value for outcome in IntakeOutcome), "refused"])
def test_every_outcome_of_a_replay_is_documented(outcome: str) -> None:
    assert f"| `{outcome}` |" in doc("dynamics")


PAGES = [*(ROOT / f"{name}.md" for name in ("README", "CONTRIBUTING", "SECURITY")), *sorted(DOCS.rglob("*.md"))]
TOP = {path.name for path in ROOT.iterdir()} - {".local", ".venv"}
FILE = re.compile(r".+\.(?:py|md|toml|json|yml|txt|dat)")


def paths_named_in(page: str, *, of_others: bool = False) -> set[str]:
    """The paths of the repository that a page has between backticks; a part in angle brackets stands for any name.

    Below one of our folders everything with a slash is a path. Elsewhere a file is one, except where the page names
    files of others too.
    """
    named = re.findall(r"`(?:\./)?([\w.<>-]+(?:/[\w.<>-]+)*/?)`", page)
    return {
        path
        for path in named
        if "/" in path and (path.partition("/")[0] in TOP or (not of_others and FILE.fullmatch(path)))
        if not path.startswith(".local/")
    }


def missing(paths: set[str]) -> list[str]:
    """The paths that are neither below the repository's root nor, as the way of an event has them, below `shared/`."""
    patterns = {path: re.sub(r"<\w+>", "*", path) for path in paths}
    return sorted(
        path for path, glob in patterns.items() if not (any(ROOT.glob(glob)) or any((ROOT / "shared").glob(glob)))
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_path_that_a_page_names_exists(page: Path) -> None:
    named = paths_named_in(page.read_text(encoding="utf-8"), of_others=page.parent == DOCS / "sources")
    assert missing(named) == []


@holds_for(
    "text, of_others, found",
    [
        ("`shared/events/event.py`", False, {"shared/events/event.py"}),
        ("`shared/<source>/`, `<Function>/function.json`", False, {"shared/<source>/", "<Function>/function.json"}),
        ("`shard/event.py`", False, {"shard/event.py"}),
        ("`handlers/event.py` of theirs, `shared/case.py` of ours", True, {"shared/case.py"}),
        ("`application/json`, `function.json`, `.local/run.json`, shared/none.py", False, set()),
    ],
)
def test_a_path_is_told_from_other_text(text: str, of_others: bool, found: set[str]) -> None:
    assert paths_named_in(text, of_others=of_others) == found


def test_a_path_that_is_not_there_is_found() -> None:
    assert missing({"shared/dynamics/none.py", "shared/case.py", "none/<type>.py", "shared/<source>/"}) == [
        "none/<type>.py",
        "shared/dynamics/none.py",
    ]


def test_what_the_architecture_names_in_a_module_is_defined_there() -> None:
    modules = re.findall(r"`(shared/[a-z0-9_/]+\.py)`(?: \(((?:`\w+`(?:, )?)+)\))?", doc("architecture"))
    assert len(modules) > 20
    named = [(path, name) for path, names in modules for name in re.findall(r"\w+", names)]
    assert len(named) >= 8
    assert [
        (path, name)
        for path, name in named
        if not re.search(rf"^ *(?:def|class) {name}\b", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE)
    ] == []
