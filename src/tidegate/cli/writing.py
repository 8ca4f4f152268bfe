"""Files that a user names: their folder must be there, since a slip of the pen would make a new one in silence."""

from pathlib import Path

from tidegate.errors import SettingError

__all__ = ["place_of"]


def place_of(named: str, option: str) -> Path:
    """The path of a file that will be written; raises `SettingError` where its folder is not there.

    >>> place_of("tomorrow.csv", "--to").name
    'tomorrow.csv'
    """
    path = Path(named)
    if not path.parent.is_dir():
        raise SettingError(
            "the folder for this file is not there",
            where=option,
            found=str(path.parent),
            hint="make the folder first, or name another",
        )
    return path
