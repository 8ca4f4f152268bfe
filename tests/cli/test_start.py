"""What the command line imports, and when."""

import os
import subprocess
import sys

from tidegate.catalog import _index, entries, families, find, members

HEAVY = {"torch", "polars", "numpy", "scipy", "numba"}


def loaded_after(*arguments):
    """Which heavy packages a process has imported when a command line call has ended."""
    code = (
        "import sys\n"
        f"sys.argv = ['tidegate', *{list(arguments)!r}]\n"
        "from tidegate.cli import main\n"
        "try:\n    main()\nexcept SystemExit as ended:\n    assert not ended.code, ended.code\n"
        f"sys.stderr.write(' '.join(sorted({HEAVY!r} & set(sys.modules))))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    return set(done.stderr.split())


def test_help_loads_nothing_heavy():
    assert loaded_after("--help") == set()
    assert loaded_after("run", "--help") == set()


def test_listing_loads_no_torch():
    assert "torch" not in loaded_after("list", "model")


def test_the_index_is_what_a_walk_of_the_package_finds():
    walked = members()
    assert families() == sorted(walked)
    for family, kinds in walked.items():
        assert {name: entry.home for name, entry in entries(family).items()} == {
            name: f"{kind.__module__}:{kind.__name__}" for name, kind in kinds.items()
        }
        for name, kind in kinds.items():
            assert find(family, name) is kind
            assert _index()[family][name].summary == (kind.__doc__ or "").strip().partition("\n")[0]
