"""Where the tests of the command line find the small study, whatever the import mode."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "study"))

from small import finish, small

from tidegate import cli


@pytest.fixture(scope="session")
def runs(tmp_path_factory):
    """A folder of all runs with two of them: two seeds, and one. Only to be read."""
    out = tmp_path_factory.mktemp("runs")
    finish(small(), out)
    finish(small(seeds=[1]), out)
    return out


@pytest.fixture
def tidegate(monkeypatch, capsys):
    """Call the command line in this process: exit code, standard output, standard error."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["tidegate", *map(str, arguments)])
        capsys.readouterr()
        code = 0
        try:
            cli.main()
        except SystemExit as ended:
            code = ended.code
        told = capsys.readouterr()
        return code or 0, told.out, told.err

    return call
