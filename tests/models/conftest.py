"""Where the tests of this room find their references, whatever the import mode; and one thread for tiny tensors.

On tensors of a few numbers torch's second thread only waits, and waits busily.
"""

import sys
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Compute a module's tests with one thread, unless a test says otherwise."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
