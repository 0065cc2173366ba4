"""Whether azd's variables are what the template takes: told before anything is made, not by Azure after minutes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

_VARIABLE = re.compile(r"\$\{(\w+)\}")
_SECRET_TYPES = frozenset({"secureObject", "secureString", "securestring"})

Rules = Mapping[str, object]


def faults_of_parameters(environment: Mapping[str, str], root: Path) -> Iterator[str]:
    """A sentence for each variable whose value the template would refuse. One that is not set or empty has none.

    The region is not among them: what is to be said of it is more.
    """
    infra = root / "infra"
    variables, parameters = _read(infra / "main.parameters.json"), _read(infra / "main.json")
    for name, given in variables.items():
        rules, found = parameters.get(name), _VARIABLE.fullmatch(str(given.get("value")))
        if name == "location" or rules is None or found is None:
            continue
        value = environment.get(found[1], "").strip()
        if value and (wanted := _wanted(value, rules)):
            # An object of settings may hold a secret.
            shown = "not right" if rules.get("type") in _SECRET_TYPES else repr(value)
            yield f"{found[1]} is {shown}: {wanted} is needed, `azd env set {found[1]} VALUE`"


def _read(file: Path) -> Mapping[str, Rules]:
    if not file.exists():
        return {}
    parameters = json.loads(file.read_text(encoding="utf-8")).get("parameters", {})
    return {name: rules for name, rules in parameters.items() if isinstance(rules, dict)}


def _wanted(value: str, rules: Rules) -> str:
    """What is needed instead of this value; nothing where it is right."""
    allowed = rules.get("allowedValues")
    if isinstance(allowed, list):
        named = [str(one) for one in allowed if one != ""]
        return "" if value in named else f"one of {', '.join(named)}"
    kind = str(rules.get("type")).lower()
    if kind == "int":
        return _wanted_number(value, rules)
    if kind == "bool":
        return "" if value.lower() in {"true", "false"} else "true or false"
    if kind in {"object", "secureobject"}:
        return "" if _is_object(value) else "an object in JSON"
    most = rules.get("maxLength")
    return f"a text of {most} characters at most" if isinstance(most, int) and len(value) > most else ""


def _wanted_number(value: str, rules: Rules) -> str:
    least, most = rules.get("minValue"), rules.get("maxValue")
    is_number = re.fullmatch(r"-?[0-9]{1,9}", value) is not None
    is_enough = is_number and (not isinstance(least, int) or int(value) >= least)
    if is_enough and (not isinstance(most, int) or int(value) <= most):
        return ""
    limits = [f"{word} {limit}" for word, limit in (("from", least), ("to", most)) if limit is not None]
    return " ".join(["a whole number", *limits])


def _is_object(value: str) -> bool:
    try:
        return isinstance(json.loads(value), dict)
    except (ValueError, RecursionError):
        return False
