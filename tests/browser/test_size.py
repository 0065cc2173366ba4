"""What a first visit costs."""

from playwright.sync_api import Page

MAX_BYTES = 100_000


def test_a_first_visit_loads_less_than_100_kb_and_all_of_it_is_compressed(console: Page) -> None:
    sizes: list[list[object]] = console.evaluate("""
        [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
          .filter((entry) => new URL(entry.name).pathname.startsWith("/api/console"))
          .map((entry) => [new URL(entry.name).pathname, entry.encodedBodySize, entry.decodedBodySize])
    """)
    assert len(sizes) > 10
    assert sum(int(str(encoded)) for _, encoded, _ in sizes) < MAX_BYTES
    plain = [name for name, encoded, decoded in sizes if encoded == decoded and int(str(decoded)) > 1000]
    assert plain == []
