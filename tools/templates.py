"""The CloudFormation templates that Kumoban prints, held against AWS's own schemas by cfn-lint, without the network."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import django

CFN_LINT = Path(sys.executable).with_name("cfn-lint")
REGION = "ap-northeast-1"


def main() -> int:
    django.setup()
    from kumoban.desk.roles import TEMPLATES, template

    with tempfile.TemporaryDirectory() as folder:
        files = [
            written(Path(folder) / f"{name}.json", one)
            for given in TEMPLATES
            for name, one in {given: template(given), **embedded(template(given))}.items()
        ]
        return subprocess.run([CFN_LINT, "--regions", REGION, "--", *files], check=False).returncode


def embedded(outer: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The templates that a StackSet carries as text."""
    bodies = {name: one["Properties"].get("TemplateBody") for name, one in outer["Resources"].items()}
    return {f"{name}-body": json.loads(body) for name, body in bodies.items() if body}


def written(path: Path, one: dict[str, Any]) -> Path:
    path.write_text(json.dumps(one, indent=1), encoding="utf-8")
    return path


if __name__ == "__main__":
    sys.exit(main())
