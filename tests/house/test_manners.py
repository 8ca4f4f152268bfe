"""House rules that a reader can't be asked to check: they are read off the source text and its syntax trees."""

import ast
import importlib.util
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted([*(ROOT / "src" / "tidegate").rglob("*.py"), *(ROOT / "src" / "tidegate_studies").rglob("*.py")])
LONGEST = 400
BANNED_NAMES = {"utils", "util", "helpers", "helper", "manager", "common", "misc"}
BANNED_IMPORTS = {
    "pickle",
    "cPickle",
    "dill",
    "joblib",
    "shelve",
    "marshal",
    "yaml",
    "pandas",
    "pyarrow",
    "cloudpickle",
}
BANNED_CALLS = {"print", "eval", "exec", "input", "breakpoint"}
BANNED_PATHS = {
    "torch.load",
    "torch.save",
    "yaml.load",
    "np.load",
    "numpy.load",
    "np.save",
    "np.savez",
    "os.system",
    "np.random.seed",
    "numpy.random.seed",
    "torch.manual_seed",
    "random.seed",
}
WRITERS = {
    "write_text",
    "write_bytes",
    "write_parquet",
    "write_csv",
    "write_ipc",
    "write_json",
    "write_ndjson",
    "sink_parquet",
    "sink_csv",
    "tofile",
}


def told(path):
    return path.relative_to(ROOT / "src").as_posix()


@cache
def tree(path):
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def nodes(path):
    return tuple(ast.walk(tree(path)))


def dotted(node):
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def literal(node):
    return node.value if isinstance(node, ast.Constant) else None


def exported(path):
    for node in tree(path).body:
        if (
            isinstance(node, ast.Assign)
            and any(dotted(target) == "__all__" for target in node.targets)
            and isinstance(node.value, ast.List)
        ):
            return [literal(held) for held in node.value.elts]
    return None


def each(check):
    """Every file's complaints, together: one test says all that is wrong."""
    wrong = [f"{told(path)}: {complaint}" for path in SOURCES for complaint in check(path)]
    assert not wrong, "\n" + "\n".join(wrong)


def test_there_is_something_to_check():
    assert len(SOURCES) > 60


def test_no_file_is_longer_than_a_reader_bears():
    each(lambda path: [f"{n} lines"] if (n := len(path.read_text(encoding="utf-8").splitlines())) > LONGEST else [])


def test_no_room_for_odds_and_ends():
    each(
        lambda path: [
            part for part in (*path.relative_to(ROOT).parts[:-1], path.stem) if part.strip("_") in BANNED_NAMES
        ]
    )


def test_no_print_eval_or_exec():
    def check(path):
        for node in nodes(path):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in BANNED_CALLS:
                yield f"line {node.lineno} calls {node.func.id}"

    each(check)


def test_no_error_is_swallowed():
    def check(path):
        for node in nodes(path):
            if isinstance(node, ast.ExceptHandler):
                kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
                for kind in kinds:
                    if kind is None or dotted(kind) in {"Exception", "BaseException"}:
                        raises = any(isinstance(inner, ast.Raise) for inner in ast.walk(node))
                        if kind is None or dotted(kind) == "Exception" or not raises:
                            yield f"line {node.lineno} excepts {'everything' if kind is None else dotted(kind)}"

    each(check)


def test_no_code_runs_from_data_and_no_global_randomness():
    def check(path):
        for node in nodes(path):
            imported = []
            if isinstance(node, ast.Import):
                imported = [held.name for held in node.names]
            elif isinstance(node, ast.ImportFrom):
                imported = [node.module or ""]
            for name in imported:
                if name.partition(".")[0] in BANNED_IMPORTS:
                    yield f"line {node.lineno} imports {name}"
            if isinstance(node, ast.Attribute) and dotted(node) in BANNED_PATHS:
                yield f"line {node.lineno} uses {dotted(node)}"
            if (
                isinstance(node, ast.Attribute)
                and re.fullmatch(r"(np|numpy)\.random\.[a-z_]+", dotted(node))
                and node.attr != "default_rng"
            ):
                yield f"line {node.lineno} uses the global generator: {dotted(node)}"

    each(check)


def _opens_for_writing(node):
    """Whether a call opens or makes a file in a way that a reader could see torn."""
    name = dotted(node.func).rpartition(".")[2] if isinstance(node.func, (ast.Attribute, ast.Name)) else ""
    if name == "open":
        place = 0 if isinstance(node.func, ast.Attribute) and dotted(node.func) != "os.open" else 1
        mode = next((literal(held.value) for held in node.keywords if held.arg == "mode"), None)
        mode = mode or (literal(node.args[place]) if len(node.args) > place else "r")
        return isinstance(mode, str) and bool(set(mode) & set("wax+"))
    return name in {"touch", "mkstemp", "NamedTemporaryFile"}


def _writes_a_path(node):
    """Whether a call of a known writer is given a path, and not a buffer in memory."""
    if not isinstance(node.func, ast.Attribute) or node.func.attr not in WRITERS:
        return False
    if node.func.attr in {"write_text", "write_bytes"}:
        return dotted(node.func.value) != "files"
    first = node.args[0] if node.args else None
    return first is not None and not re.search(r"buffer|stream|BytesIO|StringIO|memory", ast.dump(first))


def test_files_are_opened_for_writing_in_one_place():
    def check(path):
        if told(path) != "tidegate/files.py":
            for node in nodes(path):
                if isinstance(node, ast.Call) and (_opens_for_writing(node) or _writes_a_path(node)):
                    yield f"line {node.lineno} writes a file past tidegate.files: {ast.unparse(node)[:70]}"

    each(check)


@pytest.mark.parametrize(
    "text, wrong",
    [
        ("open(p, 'w')", True),
        ("p.open('wb')", True),
        ("p.open(mode='a')", True),
        ("p.open()", False),
        ("open(p)", False),
        ("open(p, 'rb')", False),
        ("p.write_text('a')", True),
        ("files.write_text(p, 'a')", False),
        ("write_text(p, 'a')", False),
        ("frame.write_parquet(p)", True),
        ("frame.write_parquet(buffer)", False),
        ("frame.write_csv()", False),
        ("frame.write_parquet(io.BytesIO())", False),
        ("p.touch()", True),
    ],
)
def test_the_check_of_writing_has_power(text, wrong):
    node = ast.parse(text).body[0].value
    assert (_opens_for_writing(node) or _writes_a_path(node)) is wrong


def test_every_file_tells_its_story():
    each(lambda path: [] if len(ast.get_docstring(tree(path)) or "") > 15 else ["has no head docstring"])


def _public(path):
    names = exported(path) or []
    return [
        node for node in tree(path).body if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and node.name in names
    ]


def test_every_public_name_is_told_in_a_sentence():
    def check(path):
        for node in _public(path):
            said = (ast.get_docstring(node) or "").strip().partition("\n\n")[0]
            if not said.rstrip("`*").endswith((".", "!", ":", ";")):
                yield f"{node.name} (line {node.lineno}) is not told in a sentence: {said[-40:]!r}"
            if isinstance(node, ast.ClassDef):
                for inner in node.body:
                    if (
                        isinstance(inner, ast.FunctionDef)
                        and not inner.name.startswith("_")
                        and not ast.get_docstring(inner)
                    ):
                        yield f"{node.name}.{inner.name} (line {inner.lineno}) has no docstring"

    each(check)


def _defined(path):
    """Public names that a file defines itself (what it imports belongs to others)."""
    for node in tree(path).body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) and not node.name.startswith("_"):
            command = any(
                isinstance(held, ast.Call) and dotted(held.func).endswith(".command") for held in node.decorator_list
            )
            if not command:
                yield node.name


def test_all_is_sorted_and_complete():
    def isort(name):
        return (0 if name.isupper() else 1 if name[:1].isupper() else 2, name)

    def check(path):
        names, defined = exported(path), set(_defined(path))
        if names is None:
            if defined and path.stem not in {"__init__", "__main__", "cli"} and "tidegate_studies" not in told(path):
                yield "defines public names and has no __all__"
            return
        plain = [name for name in names if isinstance(name, str)]
        if plain != sorted(plain, key=isort):
            yield f"__all__ is not sorted: {plain}"
        if len(set(plain)) < len(plain):
            yield "a name stands twice in __all__"
        if missing := sorted(defined - set(plain)):
            yield f"public, but not in __all__: {missing}"
        held = {name.id for name in nodes(path) if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)}
        bound = (
            held
            | defined
            | {
                alias.asname or alias.name
                for node in nodes(path)
                if isinstance(node, (ast.ImportFrom, ast.Import))
                for alias in node.names
            }
        )
        late = "__getattr__" in {node.name for node in tree(path).body if isinstance(node, ast.FunctionDef)}
        if not late and (ghosts := sorted(set(plain) - bound)):
            yield f"in __all__, but not there: {ghosts}"

    each(check)


TEXTS = [
    path
    for pattern in (
        "*.md",
        "*.toml",
        "Makefile",
        "src/**/*.py",
        "src/**/*.json",
        "tests/**/*.py",
        "docs/**/*.md",
        "docs/**/*.py",
        "benchmarks/**/*.py",
        ".github/**/*.yml",
    )
    for path in ROOT.glob(pattern)
    if ".venv" not in path.parts and path != Path(__file__).resolve() and path.stat().st_size < 2_000_000
]
MACHINE = re.compile(
    r"(?<![\w./:*-])/(?:work|home|Users|root|mnt|private/var|opt/conda)/[\w.-]+|(?<![\w/])[A-Z]:\\\\?Users"
)
TEMPORARY = re.compile(r"(?<![\w./])/tmp/[\w.-]+")
HOSTS = re.compile(
    r"(?:pypi|npm|conda|registry|files|index|mirror|mirrors|artifactory|nexus|devpi)[\w-]*\.(?:internal|local|corp|lan|intra\w*)\b|//localhost:\d+/(?:simple|pypi|root)|(?:--index-url|--extra-index-url|PIP_INDEX_URL|UV_INDEX_URL)",
    re.IGNORECASE,
)


def test_no_text_names_a_machine_or_a_package_host():
    wrong = []
    for path in TEXTS:
        text = path.read_text(encoding="utf-8", errors="replace")
        for pattern in (MACHINE, TEMPORARY, HOSTS):
            wrong += [f"{path.relative_to(ROOT)}: {found.group(0)}" for found in pattern.finditer(text)]
    assert not wrong, "\n" + "\n".join(sorted(set(wrong)))


@pytest.mark.parametrize(
    "text, wrong",
    [("see /home/me/a", True), ("https://example.org/home/me", False), ("data/work/x", False), (f"/{'root'}/x", True)],
)
def test_the_check_of_machine_paths_has_power(text, wrong):
    assert bool(MACHINE.search(text)) is wrong


LIGHT = """
import sys
import tidegate
assert tidegate.__version__
heavy = sorted(set(sys.modules) & {"torch", "polars", "numba", "scipy", "numpy", "pydantic", "typer"})
assert not heavy, heavy
import tidegate.component, tidegate.errors, tidegate.files, tidegate.catalog
heavy = sorted(set(sys.modules) & {"torch", "polars", "numba", "scipy", "typer"})
assert not heavy, heavy
"""


def test_importing_tidegate_is_light():
    done = subprocess.run([sys.executable, "-c", LIGHT], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-500:]


def test_data_rooms_do_not_load_torch():
    rooms = ["types", "market", "data", "factors", "prepare", "strategy", "measures"]
    code = (
        "import sys; from tidegate.walk import modules_of\n"
        f"for room in {rooms}: modules_of('tidegate.' + room)\n"
        "assert 'torch' not in sys.modules, 'torch'; assert 'pandas' not in sys.modules, 'pandas'"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-800:]


def test_imports_go_down_only():
    if importlib.util.find_spec("importlinter") is None:
        pytest.skip("import-linter is not installed")
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
