"""Writes small function apps, for the tests to run."""

import json
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent
from typing import Any

type Binding = dict[str, Any]

IMPORTS = """\
import asyncio, base64, json, os, pathlib, sys, time, typing
import azure.functions as func

ROOT = pathlib.Path(__file__).parent.parent

"""
RETURN: Binding = {"name": "$return", "type": "http", "direction": "out"}


def http_trigger(**members: object) -> Binding:
    """A trigger called `req`; anonymous unless `authLevel` is given."""
    return {"name": "req", "type": "httpTrigger", "direction": "in", "authLevel": "anonymous", **members}


def queue_trigger(queue: str, **members: object) -> Binding:
    """A trigger called `msg`."""
    return {"name": "msg", "type": "queueTrigger", "direction": "in", "queueName": queue, **members}


def timer_trigger(schedule: str, **members: object) -> Binding:
    """A trigger called `timer`."""
    return {"name": "timer", "type": "timerTrigger", "direction": "in", "schedule": schedule, **members}


def queue_output(queue: str, name: str = "out", **members: object) -> Binding:
    """An output called `out`."""
    return {"name": name, "type": "queue", "direction": "out", "queueName": queue, **members}


def write_app(root: Path, **options: object) -> Path:
    """The folder of an app without functions; `options` are `extensions` of host.json."""
    root.mkdir(exist_ok=True)
    (root / "host.json").write_text(json.dumps({"version": "2.0", "extensions": options}), encoding="utf-8")
    return root


def write_function(root: Path, name: str, code: str, *bindings: Mapping[str, Any], **members: object) -> Path:
    """A function of this code, `main` and what it needs, after IMPORTS; `members` are further ones of function.json."""
    folder = root / name
    folder.mkdir()
    content = {"scriptFile": "__init__.py", "bindings": bindings, **members}
    (folder / "function.json").write_text(json.dumps(content), encoding="utf-8")
    (folder / "__init__.py").write_text(IMPORTS + dedent(code), encoding="utf-8")
    return folder
