"""The process of kusto_engine.py: reads a question a line, and answers it in one."""

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib import import_module
from typing import Any

_COLUMNS = {
    "AppTraces": {"TimeGenerated": "TIMESTAMP", "Message": "VARCHAR", "AppRoleInstance": "VARCHAR"},
    "AppRequests": {
        "TimeGenerated": "TIMESTAMP",
        "Name": "VARCHAR",
        "OperationName": "VARCHAR",
        "Url": "VARCHAR",
        "ResultCode": "VARCHAR",
        "Success": "BOOLEAN",
    },
    "_LogOperation": {"TimeGenerated": "TIMESTAMP", "Category": "VARCHAR", "Detail": "VARCHAR"},
}


def main() -> None:
    """Answer until standard input ends."""
    kql = import_module("duckdb_kql")
    for line in sys.stdin:
        question = json.loads(line)
        try:
            answer: dict[str, object] = {"rows": _answer(kql, question["query"], question["rows"])}
        except Exception as error:  # the test that asked is told
            answer = {"error": f"{type(error).__name__}: {error}"}
        sys.stdout.write(json.dumps(answer, default=_as_text) + "\n")
        sys.stdout.flush()


def _answer(kql: Any, query: str, rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[dict[str, Any]]:  # noqa: ANN401
    connection = kql.connect()
    for table, given in rows.items():
        columns = _COLUMNS[table]
        connection.execute(f"CREATE TABLE {table} ({', '.join(f'{name} {kind}' for name, kind in columns.items())})")
        for row in given:
            places = ", ".join("?" for _ in columns)
            connection.execute(f"INSERT INTO {table} VALUES ({places})", [row.get(name) for name in columns])  # noqa: S608
    result = kql.query(connection, query)
    return [dict(zip(result.columns, row, strict=True)) for row in result.fetchall()]


def _as_text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


if __name__ == "__main__":
    main()
