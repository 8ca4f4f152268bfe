"""The documents say what is so: their examples run, their commands parse, their links lead somewhere.

Fenced blocks of every document, by the word after the fence:

python   executed, in order, one namespace a document, in a folder of its own; where a ``text`` block follows at once,
         what was printed must match it (``...`` stands for anything)
python   with a first line ``# tidegate: file factors/reach.py`` is not executed but put there, in a package folder that
         the room of that name then also looks into: the way a newcomer's new file is found
console  each line ``$ tidegate ...`` must be a command with options that exist, each ``$ make ...`` a verb of the Makefile

All documents are executed by one process of their own (this file as a program), so that the classes they define are
seen by no other test.
"""

import contextlib
import doctest
import importlib
import io
import itertools
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path
from typing import NamedTuple

import pytest

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


@pytest.fixture(scope="session")
def executed() -> dict[str, str]:
    """Each document → what went wrong in it, from one run of this file as a program."""
    done = subprocess.run(
        [sys.executable, "-W", "error", str(Path(__file__)), *EXECUTED],
        capture_output=True, text=True, check=False, timeout=300, cwd=ROOT, env={**os.environ, "PYTHONUTF8": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("name", EXECUTED)
def test_examples_run(name, executed):
    assert not executed[name], executed[name]


# ------------------------------------------------------------------ commands


def commands_of(text: str) -> list[str]:
    """What stands after ``$`` in console blocks, lines ending in a backslash joined, comments taken off."""
    found = []
    for block in blocks_of(text):
        if block.kind == "console":
            joined = block.text.replace("\\\n", " ")
            found += [line[2:].strip() for line in joined.splitlines() if line.startswith("$ ")]
    return found


def parse_command(words: list[str]) -> None:
    """Parse ``tidegate ...`` as the command line would, without doing anything; raises where it would complain."""
    import typer

    from tidegate.cli.app import app

    command, name, rest = typer.main.get_command(app), "tidegate", words
    context = None
    while True:
        context = command.make_context(name, list(rest), parent=context)
        if not hasattr(command, "resolve_command"):
            return
        name, command, rest = command.resolve_command(context, [*context._protected_args, *context.args])


@pytest.mark.parametrize("name", NAMES)
def test_commands_parse(name):
    import typer

    verbs = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for command in commands_of((ROOT / name).read_text(encoding="utf-8")):
        words = shlex.split(command, comments=True)
        if words[0] == "make":
            assert set(words[1:]) <= verbs, command
        elif words[0] == "tidegate":
            try:
                parse_command(words[1:])
            except typer.Exit as asked:  # --help and --version answer at once
                wrong = str(asked) if asked.exit_code else ""
            except Exception as error:  # noqa: BLE001 - whatever the parser says about it
                wrong = str(error)
            else:
                wrong = ""
            assert not wrong, f"{name}: $ {command}\n{wrong}"
        else:
            assert words[0] in {"git", "cd", "pip", "python"}, f"{name}: nobody checks $ {command}"


def test_settings_of_imports_and_sources_exist():
    from tidegate.catalog import families
    from tidegate.data.import_settings import ImportSettings
    from tidegate.study.given import source_from
    from tidegate.study.values import assignment

    tried = set()
    for command in (command for name in EXECUTED for command in commands_of((ROOT / name).read_text(encoding="utf-8"))):
        words = shlex.split(command, comments=True)
        after = dict(itertools.pairwise(words))
        if words[:3] == ["tidegate", "data", "import"]:
            ImportSettings.of(
                dict(assignment(words[at + 1]) for at, word in enumerate(words) if word in {"-s", "--set"})
            )
            tried.add("import")
        if after.get("--data", "").partition(":")[0] in {"world", "sample", "store"}:
            source_from(after["--data"])
            tried.add("source")
        if words[:2] == ["tidegate", "list"] and len(words) > 2:
            assert words[2] in families(), command
            tried.add("list")
    assert tried == {"import", "source", "list"}


def test_settings_of_commands_exist():
    from tidegate.study.api import declare
    from tidegate.study.values import assignment, seeds_from

    commands = {
        tuple(shlex.split(command, comments=True))
        for name in EXECUTED
        for command in commands_of((ROOT / name).read_text(encoding="utf-8"))
    }
    changed = {words[3:] for words in commands if words[:3] == ("tidegate", "run", "index-timing")}
    assert len(changed) >= 3, "the documents hardly show how to run the study"
    for words in changed:
        sets = [words[at + 1] for at, word in enumerate(words) if word in {"-s", "--set"}]
        seeds = [seeds_from(words[at + 1]) for at, word in enumerate(words) if word == "--seeds"]
        if sets or seeds:
            made = declare(
                "index-timing",
                data="sample:nasdaq",
                settings=dict(map(assignment, sets)),
                seeds=seeds[0] if seeds else None,
            )
            assert made.name == "index-timing"


@pytest.mark.parametrize(
    "wrong", ["run index-timing --quik", "rum index-timing", "explain only-one", "data import", "run a --jobs many"]
)
def test_a_wrong_command_is_found(wrong):
    with pytest.raises(Exception, match=r"(?i)no such|missing|valid"):
        parse_command(wrong.split())


# ------------------------------------------------------------------ links and words


def anchors_of(text: str) -> set[str]:
    """Anchors of the headings as the usual viewers make them."""
    titles = re.findall(r"^#{1,6}\s+(.+?)\s*$", prose_of(text), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", title.lower()) for title in titles)
    return {title.strip().replace(" ", "-") for title in plain}


def links_of(text: str) -> list[str]:
    """Targets of links and pictures outside code."""
    prose = re.sub(r"`[^`\n]*`", "", prose_of(text))
    return re.findall(r"\]\(([^)\s]+)\)", prose) + re.findall(r"<img[^>]*\ssrc=\"([^\"]+)\"", prose)


@pytest.mark.parametrize("name", NAMES)
def test_links_resolve(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    for link in links_of(text):
        if re.match(r"[a-z]+:", link):
            assert link.startswith("https://"), f"{name}: {link}"
            continue
        path, _, anchor = link.partition("#")
        target = (ROOT / name).parent / path if path else ROOT / name
        assert target.resolve().is_relative_to(ROOT), f"{name}: {link} leaves the repository"
        assert target.exists(), f"{name}: {link} is not there"
        if anchor:
            assert anchor in anchors_of(target.read_text(encoding="utf-8")), f"{name}: {link} has no such heading"


def test_every_document_is_linked_from_another():
    linked = {
        ((ROOT / name).parent / link.partition("#")[0]).resolve()
        for name in NAMES
        for link in links_of((ROOT / name).read_text(encoding="utf-8"))
        if not re.match(r"[a-z]+:", link)
    }
    alone = [name for name in NAMES if (ROOT / name).resolve() not in linked and name != "README.md"]
    assert not alone


FORBIDDEN = {
    "a path of somebody's machine": r"(?<![\w.])/(?:home|root|work|tmp|Users|mnt|opt)/",
    "an unfinished place": r"\b(?:TODO|FIXME|TBD|XXX)\b|(?i:lorem ipsum|coming soon)",
    "praise": r"(?i)\b(?:blazing|seamless|effortless|cutting.edge|state.of.the.art|revolutionary|world.class|powerful|robust|leverage[sd]?)\b",
    "a private address": r"(?i)\b(?:localhost|127\.0\.0\.1|192\.168\.|10\.\d+\.\d+\.)",
}


@pytest.mark.parametrize("name", NAMES)
def test_no_forbidden_words(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    for what, pattern in FORBIDDEN.items():
        found = re.search(pattern, text)
        assert found is None, f"{name}: {what}: {found.group(0)!r}"


def test_lines_are_tidy():
    for name in NAMES:
        text = (ROOT / name).read_text(encoding="utf-8")
        assert text.endswith("\n"), name
        assert not text.endswith("\n\n"), name
        assert "\t" not in text, name
        assert not re.search(r"[ ]+$", text, re.MULTILINE), f"{name}: a line ends in a space"
        assert text.startswith("# "), f"{name}: begins with its title"


# ------------------------------------------------------------------ the two READMEs, the changelog, the glossary


def shape_of(text: str) -> list[tuple[int, int]]:
    """Level of each heading and the number of table rows below it."""
    held: list[list[int]] = []
    for line in prose_of(text).splitlines():
        mark = re.match(r"(#{1,6}) ", line)
        if mark:
            held.append([len(mark[1]), 0])
        elif line.startswith("|") and held:
            held[-1][1] += 1
    return [(level, rows) for level, rows in held]


def test_both_readmes_say_the_same():
    english, chinese = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh-CN.md"))
    assert shape_of(english) == shape_of(chinese)
    bare = [[(b.kind, re.sub(r"\s+#.*", "", b.text)) for b in blocks_of(text)] for text in (english, chinese)]
    assert bare[0] == bare[1], "blocks differ in more than their comments"
    switch = {"README.md", "README.zh-CN.md"}
    assert set(links_of(english)) - switch == set(links_of(chinese)) - switch
    assert len(english.splitlines()) < 150


def test_readme_names_every_verb():
    import typer

    from tidegate.cli.app import app

    verbs = set(typer.main.get_command(app).commands)
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    told = set(re.findall(r"^\| `tidegate ([a-z]+)", text, re.MULTILINE))
    assert told == verbs


def test_changelog_tells_this_version():
    import tidegate

    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"^## \[(\d+\.\d+\.\d+)\] - (\d{4}-\d{2}-\d{2})$", text, re.MULTILINE)
    assert versions[0][0] == tidegate.__version__
    assert [tuple(map(int, v.split("."))) for v, _ in versions] == sorted(
        (tuple(map(int, v.split("."))) for v, _ in versions), reverse=True
    )
    newest = text.partition(f"## [{versions[0][0]}]")[2].partition("\n## [")[0]
    assert "### Numbers" in newest


def test_each_glossary_term_means_one_thing():
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("| **")
    ]
    terms = [row[0] for row in rows]
    assert len(set(terms)) == len(terms)
    for row in rows:
        assert len(row) == 3, row
        assert re.search(r"[\u4e00-\u9fff]", row[1]), f"{row[0]} has no Chinese term"
    told = {term.strip("*") for term in terms}
    assert {"session", "horizon", "lookback", "anchor", "score", "weight", "fill", "fold", "purge", "embargo"} <= told


def test_the_reader_of_blocks():
    text = "# t\n\n```python\na = 1\n```\n\n```text\n1\n```\nwords\n```console\n$ tidegate list \\\n  label\n```\n"
    blocks = blocks_of(text)
    assert [(b.kind, b.line, b.follows) for b in blocks] == [
        ("python", 4, False),
        ("text", 8, True),
        ("console", 12, False),
    ]
    assert commands_of(text) == ["tidegate list    label"]
    assert "a = 1" not in prose_of(text)
    assert "words" in prose_of(text)


if __name__ == "__main__":
    told = {name: execute(name) for name in sys.argv[1:]}
    sys.stdout.write(json.dumps(told) + "\n")
