"""What is wrong with a connection string, in words that repeat none of it, as the SDKs' own texts do. Pure."""

_QUOTES = ("'", '"')


def connection_string_fault(text: str) -> str | None:
    """Why this connection string cannot reach both tables and queues; None if no fault is found.

    A wrong key or address is not found here: storage itself refuses it.
    """
    if text.startswith(_QUOTES) or text.endswith(_QUOTES):
        return "it is in quotes, which must be removed"
    parts = [part for part in text.split(";") if part.strip()]
    if any("=" not in part for part in parts):
        return "a part of it is not name=value"
    values = {name.strip().lower(): value.strip() for name, _, value in (part.partition("=") for part in parts)}
    if any(value.startswith(_QUOTES) for value in values.values()):
        return "a value in it is in quotes, which must be removed"
    if values.get("usedevelopmentstorage", "").lower() == "true":
        return None
    return _missing({name for name, value in values.items() if value})


def _missing(given: set[str]) -> str | None:
    if "sharedaccesssignature" not in given:
        if "accountkey" not in given:
            return "it has neither AccountKey nor SharedAccessSignature"
        if "accountname" not in given:
            return "it has no AccountName"
    if "accountname" in given:
        return None
    absent = [name for name in ("TableEndpoint", "QueueEndpoint") if name.lower() not in given]
    return f"it has no {' and no '.join(absent)}, and no AccountName either" if absent else None
