"""How long a text is for neighbours that count UTF-16 units: .NET, and so Dataverse and SuperOffice. Pure."""


def utf16_length(text: str) -> int:
    """The number of UTF-16 units: two for a character beyond the basic plane (most emoji), one for any other."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def cut_to_utf16_length(text: str, limit: int) -> str:
    """The text, or the longest beginning of it that has at most `limit` UTF-16 units and no half of a character."""
    return text.encode("utf-16-le")[: 2 * limit].decode("utf-16-le", "ignore")
