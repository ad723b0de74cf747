from __future__ import annotations

from tools import lock

PYPROJECT = """
[project]
requires-python = ">=3.11"
dependencies = ["click>=8", "django>=5.2"]
[project.optional-dependencies]
emulator = ["moto==5.2.5"]
[dependency-groups]
dev = ["ruff"]
"""
ENTRY = f"click==8.5.1 \\\n    --hash=sha256:{'0' * 64}\n    # via kumoban (pyproject.toml)\n"
LOCK = lock.HEADER.format(digest=lock.digest(PYPROJECT)) + ENTRY


def test_a_lock_made_from_these_dependencies_is_in_step() -> None:
    assert lock.problems(PYPROJECT, LOCK) == []


def test_a_new_dependency_puts_it_out_of_step() -> None:
    (problem,) = lock.problems(PYPROJECT.replace('"click>=8"', '"click>=8", "httpx"'), LOCK)
    assert "make lock" in problem


def test_a_new_version_of_python_or_of_a_tool_puts_it_out_of_step() -> None:
    for changed in (PYPROJECT.replace("3.11", "3.12"), PYPROJECT.replace("ruff", "ruff>=1")):
        assert lock.problems(changed, LOCK)


def test_the_order_of_dependencies_and_other_tables_do_not() -> None:
    other = PYPROJECT.replace('"click>=8", "django>=5.2"', '"django>=5.2", "click>=8"') + "[tool.ruff]\n"
    assert lock.problems(other, LOCK) == []


def test_a_missing_lock_says_how_to_make_one() -> None:
    assert lock.problems(PYPROJECT, "") == ["is missing: run `make lock`"]


def test_a_pin_without_a_hash_is_named() -> None:
    assert lock.problems(PYPROJECT, LOCK + "django==5.2.19\n") == ["django==5.2.19 has no hash"]


def test_an_index_an_option_or_a_path_of_one_machine_is_refused() -> None:
    for line in (
        "--index-url somewhere\n",
        "x @ file:///wheels/x.whl\n",
        "# from -c /home/me/constraints.txt\n",
    ):
        assert "names an index, an option or a path of one machine" in lock.problems(PYPROJECT, LOCK + line)
