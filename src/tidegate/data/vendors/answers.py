"""Raw answers of a vendor, as they came, with the time at which each was fetched; nothing is ever written over.

    <folder>/answers.jsonl              one line an answer: question, time of fetching (UTC), file, rows, SHA-256
    <folder>/daily/5be0c1a2….parquet    the table

The table is written first, whole and synced, and its line after it: a process killed at any moment leaves an answer or
none. What has no whole line is asked again.
"""

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import polars as pl

from tidegate.component import Settings
from tidegate.data.parquet import parquet_bytes, read_parquet
from tidegate.data.vendors.asking import Ask
from tidegate.errors import FileRefusedError, IntegrityError
from tidegate.files import append_line, write_bytes

__all__ = ["Answer", "Answers"]


class Answer(Settings):
    """One line of the log."""

    what: str
    arguments: dict[str, str]
    asof: str = ""
    fetched: str
    file: str
    rows: int
    sha256: str

    @property
    def ask(self) -> Ask:
        """The question it answers."""
        return Ask.of(self.what, **self.arguments)._replace(asof=self.asof)


class Answers:
    """The answers below one folder; one process writes at a time (its caller holds the folder)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._held = {answer.ask: answer for answer in self._logged()}

    def __len__(self) -> int:
        """How many questions are answered."""
        return len(self._held)

    def has(self, ask: Ask) -> bool:
        """Whether a question is answered already."""
        return ask in self._held

    def keep(self, ask: Ask, table: pl.DataFrame, fetched: datetime) -> Answer:
        """Keep one answer; raises `KeptError` where it cannot be written."""
        content = parquet_bytes(table) if table.width else b""
        digest = hashlib.sha256(content).hexdigest()
        key = hashlib.sha256(f"{ask}|{ask.asof}|{fetched.isoformat()}".encode()).hexdigest()[:24]
        file = f"{ask.what}/{key}.parquet" if table.width else ""
        if file:
            write_bytes(self.folder / file, content)
        answer = Answer(
            what=ask.what, arguments=dict(ask.arguments), asof=ask.asof,
            fetched=fetched.isoformat(timespec="seconds"), file=file, rows=table.height, sha256=digest,
        )  # fmt: skip
        append_line(self.folder / "answers.jsonl", json.dumps(answer.model_dump(mode="json"), ensure_ascii=False))
        self._held[ask] = answer
        return answer

    def each(self, what: str) -> Iterator[tuple[Ask, pl.DataFrame]]:
        """Read the answers to one interface, in order of fetching, each held against its hash; empty ones are left out.

        Raises `IntegrityError` naming the question whose answer was changed.
        """
        for ask, answer in self._held.items():
            if ask.what == what and answer.rows:
                yield ask, self._read(answer)

    def _read(self, answer: Answer) -> pl.DataFrame:
        path = self.folder / answer.file
        found = "it cannot be read"
        try:
            content = path.read_bytes()
            if hashlib.sha256(content).hexdigest() == answer.sha256:
                return read_parquet(content, answer.file, known=True).frame
            found = "another hash"
        except (OSError, FileRefusedError) as error:
            found = str(error)
        raise IntegrityError(
            "a kept answer is not what the vendor sent", where=path, found=found,
            hint=f"take its line out of answers.jsonl and pull again: {answer.ask} will be asked once more",
        )  # fmt: skip

    def _logged(self) -> Iterator[Answer]:
        path = self.folder / "answers.jsonl"
        lines = path.read_bytes().split(b"\n") if path.is_file() else []
        if lines and lines[-1]:  # torn by a kill: close it, so that the next line is whole
            append_line(path, "")
        for line in filter(None, lines):
            try:
                yield Answer.of(json.loads(line.decode()))
            except ValueError:  # torn, or of another form: what it answered is asked again
                continue
