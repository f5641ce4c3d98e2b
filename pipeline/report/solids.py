"""The mesh and the turntable that a committed trial left beside its tables, where it left any."""

from __future__ import annotations

import hashlib

from pipeline.errors import CorruptResult
from pipeline.record.commit import read_commit
from pipeline.storage import Storage

MESH, TURNTABLE = "mesh.glb", "turntable.webp"


def read_solids(storage: Storage, trial_id: str) -> dict[str, bytes]:
    """The files by name. Raises CorruptResult for one that is not as its commit says."""
    entries = read_commit(storage, trial_id).get("files", {})
    found = {}
    for name in (MESH, TURNTABLE):
        if name in entries:
            key, sha256 = entries[name]["key"], entries[name]["sha256"]
            if not storage.exists(key) or hashlib.sha256(data := storage.read(key)).hexdigest() != sha256:
                raise CorruptResult(f"{key} is missing or has changed since it was written")
            found[name] = data
    return found
