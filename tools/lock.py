"""The lock file of everything Kumoban needs, developers' tools included.

`make` resolves it anew (needs the network), `check` says without the network whether it is in step with
pyproject.toml: the header of the lock keeps a digest of the dependency tables it was made from.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYPROJECT = ROOT / "pyproject.toml"
LOCK = ROOT / "requirements.lock"
HEADER = """\
# Everything Kumoban needs to run, to be tested and to be built. Made by `make lock`; never edited by hand.
# made from pyproject.toml {digest}
"""
RESOLVE = [
    *("--extra", "emulator", "--group", "dev"),
    *("--universal", "--python-version", "3.11", "--generate-hashes"),
    *("--no-config", "--no-header", "--no-emit-index-url", "--no-emit-find-links", "--quiet"),
]


def main(command: str) -> int:
    if command == "make":
        make()
        return 0
    found = problems(PYPROJECT.read_text("utf-8"), LOCK.read_text("utf-8") if LOCK.exists() else "")
    for problem in found:
        print(f"requirements.lock: {problem}", file=sys.stderr)
    return 1 if found else 0


def make() -> None:
    """Resolve from the default index, whatever this machine's configuration says."""
    uv = Path(sys.executable).with_name("uv")
    arguments = [str(uv), "pip", "compile", PYPROJECT.name, *RESOLVE]
    resolved = subprocess.run(arguments, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    LOCK.write_text(HEADER.format(digest=digest(PYPROJECT.read_text("utf-8"))) + resolved, "utf-8")


def digest(pyproject: str) -> str:
    """Of what decides the lock: the dependency tables, whatever else pyproject.toml says."""
    tables = tomllib.loads(pyproject)
    project = tables["project"]
    deciding = {
        "requires-python": project["requires-python"],
        "dependencies": sorted(project["dependencies"]),
        "extras": {name: sorted(needs) for name, needs in project["optional-dependencies"].items()},
        "groups": {name: sorted(needs) for name, needs in tables["dependency-groups"].items()},
    }
    return "sha256:" + hashlib.sha256(json.dumps(deciding, sort_keys=True).encode()).hexdigest()


def problems(pyproject: str, lock: str) -> list[str]:
    """What is wrong with the lock, in words; nothing when it may be used."""
    if not lock:
        return ["is missing: run `make lock`"]
    found = []
    if digest(pyproject) not in lock:
        found.append("was made from other dependencies than pyproject.toml names: run `make lock`")
    if re.search(r"://|^-|(?:^|\s)/", lock, re.MULTILINE):
        found.append("names an index, an option or a path of one machine")
    found += [f"{pin} has no hash" for pin in _pins_without_hash(lock)]
    return found


def _pins_without_hash(lock: str) -> list[str]:
    entries = re.split(r"^(?=[A-Za-z0-9])", lock, flags=re.MULTILINE)
    return [entry.split()[0] for entry in entries if "==" in entry and "--hash=sha256:" not in entry]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "check"))
