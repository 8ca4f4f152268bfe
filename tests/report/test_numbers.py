"""Numbers as the page writes them."""

import json
import shutil
import subprocess
from importlib.resources import files

import pytest

NODE = shutil.which("node")


@pytest.mark.skipif(NODE is None, reason="no node to run the page's script with")
def test_percentages_too_long_to_read_are_powers_of_ten():
    script = (files("tidegate.report") / "assets" / "format.js").read_text(encoding="utf-8")
    asked = [0.1234, -49.955, 9999.0, 12345.678, -4e300]
    ending = f"\nconsole.log(JSON.stringify({json.dumps(asked)}.map((v) => shown(v, 'percent', 1))));"
    done = subprocess.run([NODE, "-e", script + ending], capture_output=True, check=True, timeout=60)
    assert json.loads(done.stdout) == ["12.3%", "−4,995.5%", "999,900.0%", "1.2×10⁶%", "−4.0×10³⁰²%"]
