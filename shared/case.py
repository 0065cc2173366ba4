"""Comparing ids and names ignoring case, without confusing two different ones. Pure."""


def simple_lower(text: str) -> str:
    """The text with each capital letter in lower case, if upper and lower case of the letter map to each other.

    So two texts become equal only if they differ in the case of such letters. `str.lower` and `str.casefold` make more
    texts equal: the Kelvin sign and k, a long s and s, a sharp s and ss, which may stand in names of different users.
    """
    return text.lower() if text.isascii() else "".join(map(_small, text))


def _small(letter: str) -> str:
    small = letter.lower()
    return small if len(small) == 1 and small.upper() == letter else letter
