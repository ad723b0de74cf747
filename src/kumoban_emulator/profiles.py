"""``aws/config`` and ``aws/credentials`` for the plain aws CLI and for botocore. Source: AWS CLI user guide."""

from __future__ import annotations

from pathlib import Path

from kumoban_emulator.scenarios.seeding import BASE_IDENTITIES
from kumoban_emulator.state.world import World

__all__ = ["write_profiles"]


def write_profiles(world: World, directory: Path, endpoint_url: str) -> Path:
    """Write ``directory/aws/{config,credentials}``; the folder."""
    folder = directory / "aws"
    folder.mkdir(parents=True, exist_ok=True)
    keys = {key.principal.user_name: key for key in world.keys if not key.token}
    config, credentials = [], []
    for name in BASE_IDENTITIES:
        config += [
            f"[profile {name}]",
            f"region = {world.region}",
            f"endpoint_url = {endpoint_url}",
            "output = json",
            "",
        ]
        credentials += [
            f"[{name}]",
            f"aws_access_key_id = {keys[name].access_key}",
            f"aws_secret_access_key = {keys[name].secret}",
            "",
        ]
    (folder / "config").write_text("\n".join(config), encoding="utf-8")
    secrets = folder / "credentials"
    secrets.touch(mode=0o600)
    secrets.write_text("\n".join(credentials), encoding="utf-8")
    return folder
