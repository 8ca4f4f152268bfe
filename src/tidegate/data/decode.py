"""Bytes → text: a byte order mark, else strict UTF-8, else strict GB18030, else a refusal. Nothing is guessed.

A file is first looked at for what it may be instead of text: a spreadsheet, an archive, a web page.
"""

from typing import NamedTuple

from tidegate.errors import FileRefusedError

__all__ = ["Decoded", "decode"]

_MARKS = (
    ("UTF-8", b"\xef\xbb\xbf", "utf-8"),
    ("UTF-16", b"\xff\xfe", "utf-16-le"),
    ("UTF-16", b"\xfe\xff", "utf-16-be"),
)
_OTHERS = (
    (b"PK\x03\x04", "an Excel workbook or a zip archive", "save the sheet as CSV (UTF-8), or unpack the archive"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook", "save the sheet as CSV (UTF-8)"),
    (b"\x1f\x8b", "a gzip archive", "unpack it first"),
    (b"PAR1", "a Parquet file", "give it the ending .parquet"),
    (b"%PDF", "a PDF document", "ask the vendor for CSV"),
)


class Decoded(NamedTuple):
    """Text, and the encoding it was in."""

    text: str
    encoding: str


def decode(content: bytes, where: str) -> Decoded:
    r"""Decode `content`; raises `FileRefusedError` naming the first byte that no encoding can read.

    >>> decode("日期,收盘价\n".encode("gbk"), "a.csv")
    Decoded(text='日期,收盘价\n', encoding='GB18030')
    >>> decode(b"\xef\xbb\xbfdate\n", "a.csv")
    Decoded(text='date\n', encoding='UTF-8 with a byte order mark')
    """
    _refuse_others(content, where)
    for name, mark, codec in _MARKS:
        if content.startswith(mark):
            return Decoded(_strict(content[len(mark) :], (codec,), where), f"{name} with a byte order mark")
    if b"\0" in content:
        row = content[: content.index(b"\0")].count(b"\n") + 1
        raise FileRefusedError(
            "the file holds zero bytes, so it is not text", where=f"{where}, row {row}", hint="export it again as CSV"
        )
    try:
        return Decoded(content.decode("utf-8"), "UTF-8")
    except UnicodeDecodeError:
        return Decoded(_strict(content, ("gb18030",), where), "GB18030")


def _strict(content: bytes, codecs: tuple[str, ...], where: str) -> str:
    for codec in codecs:
        try:
            text = content.decode(codec)
        except UnicodeDecodeError as error:
            row = content[: error.start].count(b"\n") + 1
            raise FileRefusedError(
                "the file's text cannot be decoded",
                where=f"{where}, row {row}",
                expected="UTF-8 or GB18030 throughout",
                found=f"byte 0x{content[error.start]:02x} at position {error.start}",
                hint="export it again as UTF-8; the file may be damaged, cut off or joined of two encodings",
            ) from None
    if "\0" in text:
        raise FileRefusedError("the file holds zero characters", where=where, hint="export it again as CSV")
    return text


def _refuse_others(content: bytes, where: str) -> None:
    if not content.strip():
        raise FileRefusedError("the file is empty", where=where, hint="download it again")
    for magic, what, hint in _OTHERS:
        if content.startswith(magic):
            raise FileRefusedError(f"the file is {what}, not CSV", where=where, hint=hint)
    if content[:200].lstrip(b"\xef\xbb\xbf \r\n\t").lower().startswith((b"<!doctype", b"<html", b"<?xml")):
        raise FileRefusedError(
            "the file is a web page, not CSV", where=where, hint="the vendor answered with an error: open it to see"
        )
