"""The practice AWS in this process, and a desk that looks at it through its roles."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kumoban.aws import door as door_module
from kumoban.aws.door import Door
from kumoban_emulator.server import EmulatorServer


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatorServer]:
    profiles = tmp_path_factory.mktemp("aws")
    with EmulatorServer("demo", profiles=profiles, enforce_limits=False, creation_delay=0.05) as server:
        server.profiles = profiles  # type: ignore[attr-defined]
        yield server


@pytest.fixture
def practice(emulator: EmulatorServer, emptied_ledger: None, monkeypatch: pytest.MonkeyPatch) -> EmulatorServer:
    """The desk's door opens to the emulator."""
    from django.conf import settings

    from kumoban.ledger.models import Head

    Head.objects.get_or_create(pk=1, defaults={"seq": 0, "digest": "0" * 64})
    profiles: Path = emulator.profiles  # type: ignore[attr-defined]
    monkeypatch.setenv("AWS_CONFIG_FILE", str(profiles / "aws" / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(profiles / "aws" / "credentials"))
    for name, value in {
        "KUMOBAN_AWS_LIMITS": False,
        "KUMOBAN_AWS_ENDPOINT_URL": emulator.endpoint_url,
        "KUMOBAN_AWS_PROFILE": "kumoban-desk",
        "KUMOBAN_READER_ROLE": emulator.role_arn("KumobanReader"),
        "KUMOBAN_OPERATOR_ROLE": emulator.role_arn("KumobanOperator"),
    }.items():
        monkeypatch.setattr(settings, name, value)
    opened = Door()
    monkeypatch.setattr(door_module, "_process_door", lambda _pid: opened)
    emulator.admin.clear_calls()
    return emulator
