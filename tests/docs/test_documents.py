"""The documents say what is so: their examples run, their commands parse, their links lead somewhere.

What a block means is told at the head of `documents`. All documents are executed by one process of their own, so that the
classes they define are seen by no other test.
"""

import itertools
import json
import os
import re
import shlex
import subprocess
import sys

import documents
import pytest
from documents import EXECUTED, NAMES, ROOT, blocks_of, commands_of, prose_of


@pytest.fixture(scope="session")
def executed() -> dict[str, str]:
    """Each document → what went wrong in it, from one run of `documents` as a program."""
    done = subprocess.run(
        [sys.executable, "-W", "error", documents.__file__, *EXECUTED],
        capture_output=True, text=True, check=False, timeout=300, cwd=ROOT, env={**os.environ, "PYTHONUTF8": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("name", EXECUTED)
def test_examples_run(name, executed):
    assert not executed[name], executed[name]


# ------------------------------------------------------------------ commands


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
        words = words[: words.index(">")] if ">" in words else words  # what the shell does with the output
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
