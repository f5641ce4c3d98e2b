"""Where a generated file comes from, written into the file itself for machines to read.

The record is one JSON object. It is kept as
- PNG and WebP: an XMP packet, the record in `dreamsweep:record`, beside IPTC's `DigitalSourceType`, by which other
  software knows generated media (`trainedAlgorithmicMedia`);
- GLB: `asset.extras.dreamsweep` of the glTF;
- PLY: a `comment dreamsweep {...}` line of the header; OBJ and MTL: a `# dreamsweep {...}` line at the top.
"""

from __future__ import annotations

import functools
import importlib.metadata
import io
import json
import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import quoteattr

from pipeline.errors import UserError
from pipeline.trial import Trial

NAME = "dreamsweep"
FORMAT = "dreamsweep.provenance/1"
_NAMESPACE = "urn:dreamsweep:provenance:1"
_GENERATED = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
_HEAD = 2**16  # bytes of a text file that are searched, and the longest record that is read


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """Of a file that shows one trial. `prior` is the resolved prior: kind, model, revision or hash. `software` are the
    versions that made the trial, as in the column of that name."""

    trial_id: str
    prompt: str
    seed: int
    variant: str
    prior: Mapping[str, Any]
    software: str

    @staticmethod
    def of(trial: Trial) -> Provenance:
        """Of what this process makes of the trial."""
        return Provenance(
            trial_id=trial.trial_id,
            prompt=trial.prompt,
            seed=trial.seed,
            variant=trial.variant,
            prior=trial.prior,
            software=software(),
        )

    @staticmethod
    def of_row(row: Mapping[str, Any]) -> Provenance:
        """Of the trial of a row of `trials`."""
        return Provenance(
            trial_id=row["trial_id"],
            prompt=row["prompt"],
            seed=int(row["seed"]),
            variant=row["variant"],
            prior=json.loads(row["prior"] or "{}"),
            software=row["software"] or "",
        )

    def as_dict(self) -> dict[str, Any]:
        return {"format": FORMAT, "generated": True, **asdict(self)}

    def json(self) -> str:
        """One line of ASCII, the same for equal records."""
        return json.dumps(self.as_dict(), sort_keys=True, separators=(",", ":"))

    def xmp(self) -> bytes:
        """An XMP packet."""
        tool = quoteattr(self.software.partition(",")[0] or NAME)
        return (
            '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
            '<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/"'
            ' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
            f' xmlns:{NAME}="{_NAMESPACE}" xmp:CreatorTool={tool}'
            f' Iptc4xmpExt:DigitalSourceType="{_GENERATED}" {NAME}:record={quoteattr(self.json())}/>'
            "</rdf:RDF></x:xmpmeta>"
        ).encode()


@functools.cache
def software() -> str:
    """The versions that shape a result, as in `dreamsweep 0.1.0, torch 2.14.1`; what is not installed is left out."""
    found = []
    for package in (NAME, "torch"):
        try:
            found.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    return ", ".join(found)


# ---- reading ---------------------------------------------------------------------------------------------------------


def read_provenance(path: str | Path) -> Provenance:
    """The record in a file of any kind above. Raises UserError for a file without one."""
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from error
    found = find_provenance(data)
    if found is None:
        raise UserError(f"{path} carries no record of where it comes from: dreamsweep did not write it, or it was lost")
    return found


def find_provenance(data: bytes) -> Provenance | None:
    """The record in a file's bytes, or None: the bytes may be anything."""
    if data.startswith(b"\x89PNG") or (data[:4] == b"RIFF" and data[8:12] == b"WEBP"):
        text = _in_image(data)
    elif data.startswith(b"glTF"):
        text = _in_glb(data)
    else:
        text = _in_lines(data)
    try:
        content = json.loads(text or "")
        if content.pop("format") != FORMAT or content.pop("generated") is not True:
            return None
        return Provenance(**content)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _in_image(data: bytes) -> str | None:
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            info = Image.open(io.BytesIO(data)).info
        packet = info.get("xmp", b"")
        root = ElementTree.fromstring(packet) if len(packet) <= _HEAD else None
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return None
    key = f"{{{_NAMESPACE}}}record"
    for element in root.iter() if root is not None else ():
        if key in element.attrib or element.tag == key:  # other software may write it the other way
            return element.attrib.get(key, element.text)
    return None


def _in_glb(data: bytes) -> str | None:
    length = int.from_bytes(data[12:16], "little")
    try:
        return json.dumps(json.loads(data[20 : 20 + length])["asset"]["extras"][NAME])
    except (ValueError, KeyError, TypeError):
        return None


def _in_lines(data: bytes) -> str | None:
    for line in data[:_HEAD].split(b"\n"):
        for mark in (b"comment", b"#"):
            if line.startswith(mark + b" " + NAME.encode() + b" {"):
                return line[len(mark) + 2 + len(NAME) :].decode("ascii", "replace")
    return None
