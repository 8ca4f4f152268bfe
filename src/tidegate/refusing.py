"""Pydantic's complaints in the words of the house: what is expected, what was found."""

from pydantic_core import ErrorDetails

__all__ = ["expected"]

_EXPECTED: dict[str, str] = {
    "int": "a whole number",
    "float": "a number",
    "finite_number": "a finite number",
    "decimal": "a number",
    "bool": "true or false",
    "string": "text",
    "date": "a date such as 2015-06-12",
    "datetime": "a time such as 2015-06-12T10:35",
    "none_required": "null",
    "list": "a list",
    "tuple": "a list",
    "set": "a list",
    "dict": "settings by name, {…}",
    "mapping": "settings by name, {…}",
    "model": "settings by name, {…}",
    "is_instance_of": "a component",
}
"""Kinds of complaints, the longest beginning first to be tried → what was expected."""
_BOUNDS = {
    "greater_than": ("more than {gt}", "gt"),
    "greater_than_equal": ("at least {ge}", "ge"),
    "less_than": ("less than {lt}", "lt"),
    "less_than_equal": ("at most {le}", "le"),
    "multiple_of": ("a multiple of {multiple_of}", "multiple_of"),
    "too_short": ("at least {min_length} of them", "min_length"),
    "too_long": ("at most {max_length} of them", "max_length"),
    "string_too_short": ("at least {min_length} characters", "min_length"),
    "string_too_long": ("at most {max_length} characters", "max_length"),
    "string_pattern_mismatch": ("text of the form {pattern}", "pattern"),
    "literal_error": ("{expected}", "expected"),
    "enum": ("{expected}", "expected"),
}


def expected(complaint: ErrorDetails) -> str:
    """What a value should have been.

    >>> from pydantic import TypeAdapter, ValidationError
    >>> try:
    ...     TypeAdapter(int).validate_python("many")
    ... except ValidationError as error:
    ...     expected(error.errors()[0])
    'a whole number'
    """
    kind, about = complaint["type"], complaint.get("ctx", {})
    words, needed = _BOUNDS.get(kind, ("", ""))
    if needed in about:
        return words.format(**about)
    for start in sorted(_EXPECTED, key=len, reverse=True):
        if kind.startswith(start):
            return _EXPECTED[start]
    return complaint["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
