"""What every test may ask for: the real market files, where they are."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("quick", max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("quick")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real market data; a test that asks for it is skipped where there is none."""
    given = os.environ.get("TIDEGATE_TEST_DATA")
    folder = Path(given) if given else Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no real market data at {folder} (set TIDEGATE_TEST_DATA)")
    return folder
