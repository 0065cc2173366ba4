"""How long texts may be in Dataverse, which counts UTF-16 units. Pure."""

MOST_NAME_CHARACTERS = 256


def text_characters(text: str) -> int:
    """How many characters Dataverse counts in a text."""
    return len(text.encode("utf-16-le")) // 2


def cut(text: str, most: int = MOST_NAME_CHARACTERS) -> str:
    """The text, or as much of its beginning as fits."""
    return text.encode("utf-16-le")[: 2 * most].decode("utf-16-le", "ignore")
