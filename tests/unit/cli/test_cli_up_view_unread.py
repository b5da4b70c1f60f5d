"""What nobody reads any more holds nothing up: `homeostat up | head -1`."""

from __future__ import annotations

import subprocess
import sys

SAYS = """
import sys
from homeostat.cli.show.live.up_view import PlainView
view = PlainView('a')
[view.say('x') for _ in range(9)]
sys.exit(7)
"""


def test_lines_are_said_to_a_pipe_that_was_closed() -> None:
    with subprocess.Popen([sys.executable, "-c", SAYS], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as said:
        assert said.stdout is not None and said.stderr is not None
        said.stdout.close()
        assert said.stderr.read() == b""
        assert said.wait(30) == 7
