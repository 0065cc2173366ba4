"""docs/performance.md shows the figures of bench/results.json, and no others."""

import json

from bench.page import PAGE, page_with
from bench.results import CHART, RESULTS


def test_the_page_shows_what_the_results_say() -> None:
    page = PAGE.read_text(encoding="utf-8")
    results = json.loads(RESULTS.read_text(encoding="utf-8"))
    assert page_with(results, page) == page, "run `python -m bench.page`"
    assert all(f"| {one['name']} | {one['value']} |" in page for one in results["figures"])


def test_each_goal_that_is_missed_is_named_with_its_reason() -> None:
    page = PAGE.read_text(encoding="utf-8")
    reasons = page.partition("## Goals that are missed")[2].partition("\n## ")[0]
    results = json.loads(RESULTS.read_text(encoding="utf-8"))
    missed = [one["name"] for one in results["figures"] if one["verdict"] == "missed"]
    assert [name for name in missed if f"- **{name}**: " not in reasons] == []


def test_the_chart_is_a_picture() -> None:
    assert CHART.read_bytes().startswith(b"\x89PNG")
