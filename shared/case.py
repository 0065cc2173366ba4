"""Comparing ids and names ignoring case, without taking two different ones for one. Pure."""


def simple_lower(text: str) -> str:
    """The text with each capital letter replaced by its small one, where the two are each other's only counterpart.

    So only texts that differ in nothing but the case of such pairs become equal. `str.lower` and `str.casefold` make
    more of them equal: the Kelvin sign and k, a long s and s, a sharp s and ss, which can be names of different users.
    """
    return text.lower() if text.isascii() else "".join(map(_small, text))


def _small(letter: str) -> str:
    small = letter.lower()
    return small if len(small) == 1 and small.upper() == letter else letter
