"""A trail's bucket in process: log files in memory or in a folder, listed and given as S3 does. Needs Django set up."""

from __future__ import annotations

import io
from bisect import bisect_right
from pathlib import Path
from typing import Any

from benchmarks.in_process_door import InProcessAws
from kumoban.aws.errors import NotFound

__all__ = ["ORGANIZATION", "TrailAws"]

ORGANIZATION = "o-1"


class TrailAws(InProcessAws):
    """As ``InProcessAws``; ``files`` maps the keys of the bucket to what they hold, or to where that is."""

    def __init__(self) -> None:
        super().__init__()
        self.files: dict[str, bytes | Path] = {}
        self._keys: list[str] = []

    def put(self, key: str, content: bytes | Path) -> None:
        self.files[key] = content

    def list_objects_v2(self, **p: Any) -> dict[str, Any]:
        if len(self._keys) != len(self.files):
            self._keys = sorted(self.files)
        prefix, page = p["Prefix"], 1000
        start = p.get("ContinuationToken") or p.get("StartAfter") or ""
        if "Delimiter" in p:
            rest = (key.removeprefix(prefix) for key in self._keys if key.startswith(prefix))
            return {
                "CommonPrefixes": [{"Prefix": f"{prefix}{name}/"} for name in sorted({r.split("/")[0] for r in rest})]
            }
        begin = max(bisect_right(self._keys, start), bisect_right(self._keys, prefix))
        found = [key for key in self._keys[begin : begin + page] if key.startswith(prefix)]
        more = {"NextContinuationToken": found[-1]} if len(found) == page else {}
        return {"Contents": [{"Key": key} for key in found], **more}

    def get_object(self, **p: Any) -> dict[str, Any]:
        content = self.files.get(p["Key"])
        if content is None:
            raise NotFound("NoSuchKey")
        return {"Body": io.BytesIO(content.read_bytes() if isinstance(content, Path) else content)}
