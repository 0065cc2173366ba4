"""How long a text is in UTF-16 units, which .NET counts, and so Dataverse and SuperOffice. Pure."""


def utf16_length(text: str) -> int:
    """The number of UTF-16 units: two for a character beyond the basic plane (most emoji), one for any other."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def cut_to_utf16_length(text: str, limit: int) -> str:
    """The longest beginning of the text that has at most `limit` UTF-16 units and ends with a whole character."""
    return text.encode("utf-16-le")[: 2 * limit].decode("utf-16-le", "ignore")
