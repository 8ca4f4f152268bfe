"""Mutated files with known truth.

A case is the bytes of a file, the settings to read it with, and *truth*: for every (date, code) the values that the file
states as a reader of its text would understand them. An importer may leave a bar out or refuse the file; what it must
never do is hand on a value that the truth does not hold.
"""

import dataclasses
from collections.abc import Callable

import numpy as np
import polars as pl
from made import clean, rows_of

from tidegate.data.import_settings import ImportSettings

__all__ = ["CSV_MUTATIONS", "Case", "csv_case", "judge", "parquet_case", "parquet_whole"]

DATE, CODE, OPEN, HIGH, LOW, CLOSE, VOLUME, AMOUNT = range(8)
NAMES = ("open", "high", "low", "close", "volume", "amount")
CHINESE = ["日期", "股票代码", "开盘价", "最高价", "最低价", "收盘价", "成交量", "成交额"]
Truth = dict[tuple[str, str], tuple[float | None, ...]]


@dataclasses.dataclass
class Case:
    """A file, how to read it, and what may come out of it."""

    kind: str
    content: bytes
    truth: Truth
    settings: ImportSettings
    must_keep: int = 0
    name: str = "bars.csv"


@dataclasses.dataclass
class Draft:
    """A file in the making: rows of cells (row 0 is the header), what is true, and how it will be written."""

    rows: list[list[str]]
    truth: Truth
    generator: np.random.Generator
    encoding: str = "utf-8"
    separator: str = ","
    end: str = "\n"
    must_keep: int = 0
    settings: ImportSettings = dataclasses.field(default_factory=lambda: ImportSettings(kind="stock", max_bad=0.2))
    after: Callable[[bytes], bytes] | None = None

    def some(self, count: int = 3) -> list[int]:
        """Some rows below the header."""
        count = min(count, len(self.rows) - 1)
        return (1 + self.generator.choice(len(self.rows) - 1, size=count, replace=False)).tolist()

    def key(self, at: int) -> tuple[str, str]:
        return self.rows[at][DATE], self.rows[at][CODE]


_POOL: dict[tuple[int, int], tuple[list[list[str]], Truth]] = {}


def _draft(seed: int) -> Draft:
    base = (seed % 7, 1 + seed % 3)
    if base not in _POOL:
        rows = rows_of(clean(base[0], sessions=90 // base[1], assets=base[1]))
        _POOL[base] = rows, {(row[DATE], row[CODE]): tuple(float(cell) for cell in row[OPEN:]) for row in rows[1:]}
    rows, truth = _POOL[base]
    draft = Draft([list(row) for row in rows], dict(truth), np.random.default_rng((seed, 13)))
    draft.must_keep = len(truth)
    return draft


# Mutations that change how a file is written and nothing of what it says: every bar must be kept.


def untouched(draft: Draft) -> None:
    pass


def byte_order_mark(draft: Draft) -> None:
    draft.encoding = "utf-8-sig"


def gb18030(draft: Draft) -> None:
    draft.rows[0] = list(CHINESE)
    draft.encoding = "gb18030"


def utf16(draft: Draft) -> None:
    draft.rows[0] = list(CHINESE)
    draft.encoding = "utf-16"


def chinese_utf8(draft: Draft) -> None:
    draft.rows[0] = list(CHINESE)


def shuffled(draft: Draft) -> None:
    body = draft.rows[1:]
    draft.rows[1:] = [body[i] for i in draft.generator.permutation(len(body))]


def newest_first(draft: Draft) -> None:
    draft.rows[1:] = draft.rows[:0:-1]


def other_separator(draft: Draft) -> None:
    draft.separator = str(draft.generator.choice(["\t", ";", "|"]))


def other_line_ends(draft: Draft) -> None:
    draft.end = str(draft.generator.choice(["\r\n", "\r"]))


def quoted_codes(draft: Draft) -> None:
    for row in draft.rows[1:]:
        row[CODE] = "'" + row[CODE]


def quoted_cells(draft: Draft) -> None:
    for row in draft.rows[1:]:
        row[:] = [f'"{cell}"' for cell in row]


def thousands(draft: Draft) -> None:
    for row in draft.rows[1:]:
        row[VOLUME] = f'"{float(row[VOLUME]):,.1f}"'


def columns_moved(draft: Draft) -> None:
    order = draft.generator.permutation(8)
    draft.rows = [[row[i] for i in order] for row in draft.rows]


def strange_columns(draft: Draft) -> None:
    for at, row in enumerate(draft.rows):
        row.insert(
            int(draft.generator.integers(3)) if at < 0 else 2, "名称" if at == 0 else "平安,银行".replace(",", "")
        )
        row.append("换手率" if at == 0 else "None")


def slashed(draft: Draft) -> None:
    for row in draft.rows[1:]:
        year, month, day = row[DATE].split("-")
        row[DATE] = f"{year}/{int(month)}/{int(day)}"


def compact(draft: Draft) -> None:
    for row in draft.rows[1:]:
        row[DATE] = row[DATE].replace("-", "")


def lots_by_header(draft: Draft) -> None:
    draft.rows[0][VOLUME], draft.rows[0][AMOUNT] = "成交量(手)", "成交额(万元)"
    for row in draft.rows[1:]:
        row[VOLUME], row[AMOUNT] = _shifted(row[VOLUME], 2), _shifted(row[AMOUNT], 4)


def cents_by_header(draft: Draft) -> None:
    for column in (OPEN, HIGH, LOW, CLOSE):
        for row in draft.rows[1:]:
            row[column] = str(round(float(row[column]) * 100))
        draft.rows[0][column] += "_cents"


def blank_lines(draft: Draft) -> None:
    draft.end = "\n\n"


# Mutations that spoil some rows: those may only be left out, the others must be kept as they are.


def _spoil(draft: Draft, at: int) -> None:
    if draft.truth.pop(draft.key(at), None) is not None:
        draft.must_keep -= 1


def deleted_cells(draft: Draft) -> None:
    for at in draft.some():
        _spoil(draft, at)
        del draft.rows[at][int(draft.generator.integers(8))]


def doubled_cells(draft: Draft) -> None:
    for at in draft.some():
        _spoil(draft, at)
        place = int(draft.generator.integers(8))
        draft.rows[at].insert(place, draft.rows[at][place])


def wrong_dates(draft: Draft) -> None:
    wrong = [
        "2000-02-30",
        "2000-13-01",
        "00-01-05",
        "2000-1",
        "yesterday",
        "",
        "None",
        "36530",
        "2000-01-05Z",
        "1/5",
        "2000--01-05",
        "９９",
    ]
    for at in draft.some():
        _spoil(draft, at)
        draft.rows[at][DATE] = str(draft.generator.choice(wrong))


def flipped_high_low(draft: Draft) -> None:
    for at in draft.some():
        row = draft.rows[at]
        if row[HIGH] != row[LOW]:
            _spoil(draft, at)
            row[HIGH], row[LOW] = row[LOW], row[HIGH]


def missing_prices(draft: Draft) -> None:
    for at in draft.some():
        _spoil(draft, at)
        draft.rows[at][int(draft.generator.integers(OPEN, VOLUME))] = str(
            draft.generator.choice(["", "--", "None", "nan", "NaN", "null", "-"])
        )


def missing_volume(draft: Draft) -> None:
    for at in draft.some():
        values = list(draft.truth[draft.key(at)])
        values[4] = None
        draft.truth[draft.key(at)] = tuple(values)
        draft.rows[at][VOLUME] = str(draft.generator.choice(["", "--", "None", "nan"]))


def no_numbers(draft: Draft) -> None:
    wrong = [
        "12,5",
        "1.2.3",
        "0x1F",
        "1e",
        "12a",
        "１２",
        "1_000",
        "inf",
        "-inf",
        "12 3",
        "1,23,456",
        "#REF!",
        "1e999",
        "++1",
        "1.23万",
        "٣",
    ]
    for at in draft.some():
        _spoil(draft, at)
        text = str(draft.generator.choice(wrong))
        draft.rows[at][int(draft.generator.integers(OPEN, AMOUNT + 1))] = f'"{text}"' if "," in text else text


def zero_prices(draft: Draft) -> None:
    for at in draft.some():
        _spoil(draft, at)
        draft.rows[at][int(draft.generator.integers(OPEN, VOLUME))] = str(draft.generator.choice(["0", "0.00", "-1.5"]))


def repeated_rows(draft: Draft) -> None:
    for at in sorted(draft.some(), reverse=True):
        draft.rows.insert(at, list(draft.rows[at]))


def contradicting_rows(draft: Draft) -> None:
    for at in sorted(draft.some(), reverse=True):
        _spoil(draft, at)
        twin = list(draft.rows[at])
        twin[AMOUNT] = str(round(float(twin[AMOUNT]) * 1.1, 2))
        draft.rows.insert(int(draft.generator.integers(1, len(draft.rows))), twin)


def stray_quotes(draft: Draft) -> None:
    for at in draft.some():
        _spoil(draft, at)
        place = int(draft.generator.integers(8))
        draft.rows[at][place] = '"' + draft.rows[at][place]


def lost_zeros(draft: Draft) -> None:
    for at in draft.some():
        _spoil(draft, at)
        draft.rows[at][CODE] = str(int(draft.generator.integers(1, 99_999)))


def bad_codes(draft: Draft) -> None:
    for at in draft.some():
        _spoil(draft, at)
        draft.rows[at][CODE] = str(
            draft.generator.choice(["", "平安银行", "600 000", "600000!", "<script>", "\ufffd00001", "6" * 50])
        )


def broken_lines(draft: Draft) -> None:
    for at in draft.some(2):
        _spoil(draft, at)
        place = int(draft.generator.integers(AMOUNT))  # before the last cell the line would merely lack its amount
        row = draft.rows[at]
        row[place] = "\n" + row[place] if place else row[place] + "\n"


def joined_lines(draft: Draft) -> None:
    at = draft.some(1)[0]
    if at + 1 < len(draft.rows):
        _spoil(draft, at)
        _spoil(draft, at + 1)
        draft.rows[at : at + 2] = [draft.rows[at] + draft.rows[at + 1]]


def header_in_the_middle(draft: Draft) -> None:
    draft.rows.insert(draft.some(1)[0], list(draft.rows[0]))


def mixed_units(draft: Draft) -> None:
    for at in draft.some(2):
        _spoil(draft, at)
        draft.rows[at][VOLUME] = _shifted(draft.rows[at][VOLUME], 2)


def truncated(draft: Draft) -> None:
    draft.must_keep = 0
    share = draft.generator.random()
    draft.after = lambda content: content[: int(len(content) * share)]


def chinese_truncated(draft: Draft) -> None:
    strange_columns(draft)
    draft.encoding = str(draft.generator.choice(["utf-8", "gb18030"]))
    truncated(draft)


# Mutations under which a file may be refused as a whole; nothing false may come out.


def two_encodings(draft: Draft) -> None:
    strange_columns(draft)
    draft.must_keep = 0
    middle = len(draft.rows) // 2
    first, second = ("utf-8", "gb18030") if draft.generator.random() < 0.5 else ("gb18030", "utf-8")
    text = [
        draft.end.join(",".join(row) for row in part) + draft.end for part in (draft.rows[:middle], draft.rows[middle:])
    ]
    content = text[0].encode(first) + text[1].encode(second)
    draft.after = lambda _: content


def zero_bytes(draft: Draft) -> None:
    draft.must_keep = 0
    draft.after = lambda content: _put(draft.generator, content, lambda: 0)


def high_bytes(draft: Draft) -> None:
    """Bytes above 0x7f over digits and commas: no number survives them."""
    draft.must_keep = 0
    draft.after = lambda content: _put(draft.generator, content, lambda: int(draft.generator.integers(128, 256)))


def signs_over_anything(draft: Draft) -> None:
    draft.must_keep = 0
    header = len(",".join(draft.rows[0])) + 1
    draft.after = lambda content: _put(
        draft.generator, content, lambda: int(draft.generator.choice(list(b"?!#%$@~+*"))), header
    )


def sevens_over_header(draft: Draft) -> None:
    draft.must_keep = 0
    place = int(draft.generator.integers(len(",".join(draft.rows[0]))))
    draft.after = lambda content: content[:place] + b"7" + content[place + 1 :]


def swapped_header(draft: Draft) -> None:
    """Two headers change places: the text now says something else, and truth with it (or it is refused)."""
    a, b = draft.generator.choice([OPEN, HIGH, LOW, CLOSE], size=2, replace=False)
    draft.must_keep = 0
    header = draft.rows[0]
    header[a], header[b] = header[b], header[a]
    order = list(range(6))
    order[a - OPEN], order[b - OPEN] = order[b - OPEN], order[a - OPEN]
    draft.truth = {key: tuple(values[i] for i in order) for key, values in draft.truth.items()}


def lots_in_silence(draft: Draft) -> None:
    draft.must_keep = 0
    draft.truth = {}
    for row in draft.rows[1:]:
        row[VOLUME] = _shifted(row[VOLUME], 2)


def unclear_dates(draft: Draft) -> None:
    """Only days up to the 12th: nobody can tell day from month."""
    keep = [row for row in draft.rows[1:] if int(row[DATE][8:]) <= 12]
    draft.rows = [draft.rows[0], *([f"{row[DATE][8:]}/{row[DATE][5:7]}/{row[DATE][:4]}", *row[1:]] for row in keep)]
    draft.must_keep = 0
    draft.truth = {}


def _shifted(text: str, places: int) -> str:
    """A decimal text divided by a power of ten, exactly."""
    whole, _, part = text.partition(".")
    whole = whole.rjust(places + 1, "0")
    return f"{whole[:-places]}.{whole[-places:]}{part}"


def _put(generator: np.random.Generator, content: bytes, byte: Callable[[], int], first: int = 0) -> bytes:
    held = bytearray(content)
    for place in generator.integers(first, len(held), size=3):
        held[int(place)] = byte()
    return bytes(held)


CSV_MUTATIONS: tuple[Callable[[Draft], None], ...] = (
    untouched, byte_order_mark, gb18030, utf16, chinese_utf8, shuffled, newest_first, other_separator, other_line_ends,
    quoted_codes, quoted_cells, thousands, columns_moved, strange_columns, slashed, compact, lots_by_header,
    cents_by_header, blank_lines, deleted_cells, doubled_cells, wrong_dates, flipped_high_low, missing_prices,
    missing_volume, no_numbers, zero_prices, repeated_rows, contradicting_rows, stray_quotes, lost_zeros, bad_codes,
    broken_lines, joined_lines, header_in_the_middle, mixed_units, truncated, chinese_truncated, two_encodings,
    zero_bytes, high_bytes, signs_over_anything, sevens_over_header, swapped_header, lots_in_silence, unclear_dates,
)  # fmt: skip


def csv_case(seed: int) -> Case:
    """Case number `seed`: the mutations in turn, and on every other round a second one that only changes the writing."""
    draft = _draft(seed)
    mutate = CSV_MUTATIONS[seed % len(CSV_MUTATIONS)]
    mutate(draft)
    kind = mutate.__name__
    if seed // len(CSV_MUTATIONS) % 2 and draft.after is None and draft.encoding == "utf-8" and draft.end == "\n":
        second = (byte_order_mark, other_line_ends)[seed % 2]
        if not (second is other_line_ends and mutate is broken_lines):
            second(draft)
            kind += f" + {second.__name__}"
    lines = (draft.separator.join(row) for row in draft.rows)
    content = "".join(line + draft.end for line in lines).encode(draft.encoding)
    if draft.after is not None:
        content = draft.after(content)
    return Case(kind, content, draft.truth, draft.settings, draft.must_keep)


def parquet_whole(write: Callable[[pl.DataFrame], bytes]) -> tuple[bytes, Truth]:
    """A sound Parquet file as `write` makes it, and what it states."""
    frame = clean(1, sessions=150, assets=2)
    truth = {
        (str(day), code): tuple(values) for day, code, *values in frame.select("session", "asset", *NAMES).iter_rows()
    }
    return write(frame.drop("time").rename({"session": "date"})), truth


def parquet_case(seed: int, whole: bytes, truth: Truth) -> Case:
    """A Parquet file with bytes flipped, cut, repeated or zeroed, or left whole every tenth time."""
    generator = np.random.default_rng((seed, 17))
    kinds = (
        "whole",
        "flip",
        "flip in the footer",
        "cut",
        "zeroed",
        "repeated",
        "many flips",
        "flip",
        "inserted",
        "removed",
    )
    kind = kinds[seed % len(kinds)]
    held = bytearray(whole)
    place = int(generator.integers(4, len(held) - 4))
    length = int(generator.integers(1, 200))
    match kind:
        case "flip":
            held[place] ^= int(generator.integers(1, 256))
        case "flip in the footer":
            footer = int.from_bytes(whole[-8:-4], "little") + 8
            held[len(held) - int(generator.integers(1, footer))] ^= int(generator.integers(1, 256))
        case "cut":
            del held[place:]
        case "zeroed":
            held[place : place + length] = bytes(len(held[place : place + length]))
        case "repeated":
            held[place:place] = held[place : place + length]
        case "many flips":
            for at in generator.integers(4, len(held) - 4, size=20):
                held[int(at)] ^= int(generator.integers(1, 256))
        case "inserted":
            held[place:place] = bytes(generator.integers(0, 256, size=length, dtype=np.uint8))
        case "removed":
            del held[place : place + length]
    return Case(
        f"parquet {kind}", bytes(held), truth, ImportSettings(kind="stock", max_bad=0.2),
        len(truth) if bytes(held) == whole else 0, "bars.parquet",
    )  # fmt: skip


def judge(case: Case, frame) -> str:
    """ "ok", or what is wrong with the bars that an import handed on (None where it refused)."""
    if frame is None:
        return "ok" if not case.must_keep else "refused a file it should read"
    for row in frame.iter_rows(named=True):
        key = (str(row["session"]), row["asset"])
        if key not in case.truth:
            return f"misread: a bar nobody stated, {key}"
        for name, stated in zip(NAMES, case.truth[key], strict=True):
            if name in row and row[name] != stated:  # a column whose header was destroyed may be absent
                return f"misread: {name} of {key} is {row[name]} instead of {stated}"
    if frame.height < case.must_keep:
        return f"lost {case.must_keep - frame.height} sound bars"
    return "ok"
