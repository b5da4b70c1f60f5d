"""What the mutants change, and that a changed function takes the place of the one that was imported."""

from __future__ import annotations

import ast
import gc
import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.mutants import covering, rooms
from benchmarks.mutants.changes import changes_in, compiled
from benchmarks.mutants.covering import Covered
from benchmarks.mutants.rooms import EQUIVALENT, ROOT
from benchmarks.mutants.trial import _functions, _within
from homeostat.planner.machine.power import backoff

SOURCE = '''
class Door:
    def open(self, count: int = 3) -> bool:
        """Says whether it did."""
        log.info("opens %s", count + 1)
        assert count < 9
        return {}
'''


def made_of(expression: str) -> list[str]:
    return [change.new for change in changes_in(ast.parse(SOURCE.format(expression)))]


@pytest.mark.parametrize(
    ("expression", "changes"),
    [
        ("count < 1", ["count <= 1", "2"]),
        ("a and b", ["a or b", "b", "a"]),
        ("not a", ["a"]),
        ("[x for x in y if x]", ["True"]),
        ("min(a, b) if c else d", ["min(a, b) if not c else d", "max(a, b)"]),
        ("f'{a + 1} of {b}'", []),  # said to people
        ("a or ''", []),  # mypy asks for it
        ("a is not None and a.b", ["a is not None or a.b", "a is not None", "a is None"]),
    ],
)
def test_what_is_changed(expression: str, changes: list[str]) -> None:
    assert made_of(expression) == changes


def test_a_call_for_its_effect_is_left_out() -> None:
    assert "(nothing)" in made_of("1\n        self.close()")


def test_a_change_is_compiled_in_memory() -> None:
    source = "def larger(a, b):\n    return a >= b\n"
    names: dict[str, object] = {}
    exec(compile(source, "larger.py", "exec"), names)
    larger = names["larger"]
    change, code = compiled(source, "larger.py", 0)
    larger.__code__ = code  # type: ignore[attr-defined]
    assert (change.old, change.new) == ("a >= b", "a > b")
    assert larger(1, 1) is False  # type: ignore[operator]


def test_those_that_make_no_other_program_say_why() -> None:
    assert all(one["reason"] and (ROOT / one["file"]).exists() for one in json.loads(EQUIVALENT.read_text()))


def test_the_tests_of_the_driver_are_those_that_need_no_daemon() -> None:
    found = {name.rpartition("/")[2] for name in rooms.tests() if name.startswith("tests/libvirt/")}
    assert {"test_image_retried.py", "test_storage_kept.py", "test_deployment_scales.py"} <= found
    assert not {"test_host_qemu.py", "test_cli_up.py", "test_guest_agents.py"} & found


def test_unit_tests_of_the_api_need_no_server_whatever_they_name() -> None:
    found = set(rooms.tests())
    assert {"tests/unit/api/test_api_bodies.py", "tests/api/test_uploads_by_tus.py"} <= found
    assert not found & {"tests/api/test_uploads_over_a_connection.py", "tests/api/test_tls.py"}


def test_the_tests_of_accounts_are_those_that_need_no_server() -> None:
    found = set(rooms.tests())
    assert {"tests/accounts/test_grants.py", "tests/accounts/commands/test_cli_user.py"} <= found
    assert not [name for name in found if name.startswith("tests/accounts/postgresql/")]


def test_lines_are_of_the_file_that_they_are_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Functions of the same text, at the same line of two files, are equal to Python."""
    files = [tmp_path / "a.py", tmp_path / "b.py"]
    monkeypatch.setattr(covering, "ROOT", tmp_path)
    monkeypatch.setattr(covering, "sources", lambda: files)
    both: list[Any] = []
    for file in files:
        names: dict[str, Any] = {}
        exec(compile("def kept(value):\n    if value:\n        return 1\n    return 2\n", str(file), "exec"), names)
        both.append(names["kept"])
    assert both[0].__code__ == both[1].__code__
    tracer = covering.Tracer()
    for called, ran in ((both, {"a.py": {1, 2, 4}, "b.py": {1, 2, 4}}), (both[1:], {"b.py": {1, 2, 4}})):
        tracer.begin()
        for one in called:
            one(0)
        assert tracer.end() == ran


def test_of_one_mutant_the_first_tests_are_run_as_far_as_its_time_goes() -> None:
    known = {"a": Covered(1.0), "b": Covered(2.0), "c": Covered(0.5)}
    assert _within(3.0, ["a", "b", "c"], known) == ["a", "b"]
    assert _within(0.5, ["a", "b", "c"], known) == []


def test_what_is_loaded_anew_has_no_mutants() -> None:
    found = {str(path.relative_to(ROOT)) for path in rooms.sources()}
    assert "operator/homeostat/accounts/database/database.py" in found
    assert not {name for name in found if "/migrations/" in name}


def test_a_function_is_found_also_where_it_was_left_out_of_garbage_collection() -> None:
    code = backoff.restart_delay.__code__
    gc.freeze()
    try:
        found = _functions()[code.co_filename, code.co_qualname, code.co_firstlineno]
    finally:
        gc.freeze()  # as the other tests have it
    assert found == [backoff.restart_delay]
