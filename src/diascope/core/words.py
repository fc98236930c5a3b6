"""How names are put into sentences."""

from collections.abc import Sequence


def listing(names: Sequence[str], most: int = 6, last: str = "and") -> str:
    """Return names with commas and ``last`` before the last one; beyond ``most`` the rest is counted.

    Example:
        >>> listing(["a", "b", "c"]), listing(["a", "b", "c"], most=2)
        ('a, b and c', 'a, b and 1 more')
    """
    shown, rest = list(names[:most]), len(names) - most
    if rest > 0:
        return f"{', '.join(shown)} and {rest} more"
    return f" {last} ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else "".join(shown)
