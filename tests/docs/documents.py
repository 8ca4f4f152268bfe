"""Reading and executing documents: the program that `test_documents` starts, and the readers that both share.

Fenced blocks of every document, by the word after the fence:

python   executed, in order, one namespace a document, in a folder of its own; where a ``text`` block follows at once,
         what was printed must match it (``...`` stands for anything)
python   with a first line ``# tidegate: file factors/reach.py`` is not executed but put there, in a package folder that
         the room of that name then also looks into: the way a newcomer's new file is found
console  each line ``$ tidegate ...`` must be a command with options that exist, each ``$ make ...`` a verb of the Makefile
"""

import contextlib
import doctest
import importlib
import io
import json
import os
import re
import sys
import tempfile
import traceback
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "README.zh-CN.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
NAMES = [path.relative_to(ROOT).as_posix() for path in DOCUMENTS]
EXECUTED = [name for name in NAMES if name != "README.zh-CN.md"]  # its blocks are held equal to those of README.md
FILE_MARK = re.compile(r"# tidegate: file (?P<path>[a-z_]+/[a-z0-9_/]+\.py)\n")


class Block(NamedTuple):
    """A fenced block: its word, its text, the line of the document where the text begins, and what stands right before."""

    kind: str
    text: str
    line: int
    follows: bool


def blocks_of(text: str) -> list[Block]:
    """Fenced blocks in their order; `follows` where only empty lines stand between a block and the one before it."""
    found: list[Block] = []
    open_at: int | None = None
    kind, fence, held, close_to = "", "", [], False
    for number, line in enumerate(text.splitlines(), start=1):
        mark = re.match(r"\s*(`{3,})(.*)$", line)
        if open_at is None and mark:
            fence, kind, open_at, held = mark[1], mark[2].strip(), number + 1, []
        elif open_at is not None and mark and mark[1] == fence and not mark[2].strip():
            found.append(Block(kind, "\n".join(held) + "\n", open_at, close_to))
            open_at, close_to = None, True
        elif open_at is not None:
            held.append(line)
        elif line.strip():
            close_to = False
    assert open_at is None, f"a block that begins in line {open_at} does not end"
    return found


def prose_of(text: str) -> str:
    """The document without its fenced blocks."""
    return re.sub(r"^(\s*)(`{3,}).*?^\s*\2\s*$", "", text, flags=re.MULTILINE | re.DOTALL)


# ------------------------------------------------------------------ executing


class Room:
    """A package folder beside the house's own: files that a document adds are found in it and gone afterwards."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.opened: list[tuple[list[str], str]] = []
        self.modules: list[str] = []

    def put(self, path: str, text: str) -> None:
        """Write a new member and let its room find it: no registration, no list."""
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        room = importlib.import_module("tidegate." + path.rpartition("/")[0].replace("/", "."))
        if str(target.parent) not in room.__path__:
            room.__path__.append(str(target.parent))
            self.opened.append((room.__path__, str(target.parent)))
        importlib.invalidate_caches()
        self.modules.append("tidegate." + path.removesuffix(".py").replace("/", "."))

    def close(self) -> None:
        """Forget the files."""
        for held, added in self.opened:
            held.remove(added)
        for module in self.modules:
            sys.modules.pop(module, None)


def execute(name: str) -> str:
    """Run a document's blocks; returns what went wrong, or nothing."""
    blocks = blocks_of((ROOT / name).read_text(encoding="utf-8"))
    space: dict[str, object] = {"__name__": "document"}
    with tempfile.TemporaryDirectory() as folder:
        room = Room(Path(folder) / "tidegate")
        before = Path.cwd()
        os.chdir(folder)
        try:
            for number, block in enumerate(blocks):
                after = blocks[number + 1] if number + 1 < len(blocks) else None
                want = after.text if after is not None and after.kind == "text" and after.follows else None
                if block.kind == "python" and (wrong := _step(name, block, want, space, room)):
                    return wrong
        finally:
            os.chdir(before)
            room.close()
    return ""


def _step(name: str, block: Block, want: str | None, space: dict[str, object], room: Room) -> str:
    mark = FILE_MARK.match(block.text)
    if mark:
        room.put(mark["path"], block.text)
        return ""
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said):
            exec(compile("\n" * (block.line - 1) + block.text, str(ROOT / name), "exec"), space)
    except Exception:  # noqa: BLE001 - whatever it is, it is the document's fault and is told
        return f"{name}, block at line {block.line}:\n{traceback.format_exc()}"
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    if want is not None and not doctest.OutputChecker().check_output(want, said.getvalue(), flags):
        return f"{name}, block at line {block.line}: expected\n{want}\nfound\n{said.getvalue()}"
    return ""


def commands_of(text: str) -> list[str]:
    """What stands after ``$`` in console blocks, lines ending in a backslash joined, comments taken off."""
    found = []
    for block in blocks_of(text):
        if block.kind == "console":
            joined = block.text.replace("\\\n", " ")
            found += [line[2:].strip() for line in joined.splitlines() if line.startswith("$ ")]
    return found


if __name__ == "__main__":
    told = {name: execute(name) for name in sys.argv[1:]}
    sys.stdout.write(json.dumps(told) + "\n")
