"""Where the tests of this room find the small study, whatever the import mode."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from small import finish, small


@pytest.fixture(scope="session")
def whole(tmp_path_factory):
    """The small study, run once and never disturbed: its folder of all runs. Only to be read."""
    out = tmp_path_factory.mktemp("whole")
    finish(small(), out)
    return out
