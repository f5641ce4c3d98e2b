"""What generated files say of where they come from: written, read again, and never believed of strangers."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from fakes import make_trial
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import pipeline
from dreamcore.mesh import Mesh, Texture
from pipeline.errors import UserError
from pipeline.mesh_files import FORMATS, encode_mesh
from pipeline.pictures import animate, encode
from pipeline.provenance import Provenance, find_provenance, read_provenance, software

RECORD = Provenance(
    trial_id="0123456789abcdef0123",
    prompt="a cup",
    seed=2**62,
    variant="guidance.scale=20",
    prior={"kind": "stable_diffusion", "model": "a/b", "revision": "c" * 40},
    software="dreamsweep 0.1.0, torch 2.14.1",
)
NASTY = ('" /><script>alert(1)</script>', "two\nlines\r\n# dreamsweep {}", "ümlaut 猫 \U0001f986", "\x00\x07]]>", "\\")
IMAGE = Image.linear_gradient("L").resize((8, 6)).convert("RGB")
CORNERS = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], dtype=np.float32)
TETRAHEDRON = Mesh(
    vertices=CORNERS,
    faces=np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]], dtype=np.int32),
    normals=np.array([[-0.6, -0.6, -0.52915], [1, 0, 0], [0, 1, 0], [0, 0, 1]], dtype=np.float32),
    colors=np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [9, 9, 9]], dtype=np.uint8),
    texture=Texture(CORNERS[:, :2], np.zeros((8, 8, 3), dtype=np.uint8)),
)


def files(record: Provenance) -> dict[str, bytes]:
    """One of every kind."""
    made = {"a.png": encode(IMAGE, record), "a.webp": animate([IMAGE, IMAGE.rotate(180)], 1.0, record)}
    for form in FORMATS:
        made |= encode_mesh(TETRAHEDRON, form, record, "m")
    return made


def with_prompt(prompt: str) -> Provenance:
    return Provenance(**{**vars(RECORD), "prompt": prompt})


@pytest.mark.parametrize("name", ["a.png", "a.webp", "m.glb", "m.obj", "m.mtl", "m.png", "m.ply"])
@pytest.mark.parametrize("prompt", ["a cup", *NASTY])
def test_every_kind_of_file_says_it(name: str, prompt: str, tmp_path: Path) -> None:
    record = with_prompt(prompt)
    (tmp_path / name).write_bytes(files(record)[name])
    assert read_provenance(tmp_path / name) == record
    assert pipeline.read_provenance(str(tmp_path / name)) == record


def test_equal_records_give_equal_bytes() -> None:
    """In another process too, where hashes are salted otherwise."""
    code = (
        "import sys, hashlib; sys.path[:0] = sys.argv[1:]\n"
        "from pipeline.test_provenance import files, RECORD\n"
        "for name, data in files(RECORD).items(): print(name, hashlib.sha256(data).hexdigest())"
    )
    tests = Path(__file__).resolve().parents[1]
    code = code.replace("from pipeline.test_provenance", "from test_provenance")
    found = {
        subprocess.run(
            [sys.executable, "-c", code, str(tests), str(tests / "pipeline")],
            capture_output=True, text=True, check=True, cwd=tests.parent, env={"PYTHONHASHSEED": salt, "PATH": ""},
        ).stdout
        for salt in ("1", "2")
    }  # fmt: skip
    assert len(found) == 1
    assert "m.glb" in found.pop()


def test_software_that_knows_nothing_of_us_sees_generated_media() -> None:
    for name in ("a.png", "a.webp"):
        packet = Image.open(io.BytesIO(files(RECORD)[name])).info["xmp"]
        (description,) = (e for e in ElementTree.fromstring(packet).iter() if e.tag.endswith("}Description"))
        source = description.attrib["{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}DigitalSourceType"]
        assert source == "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
        assert description.attrib["{http://ns.adobe.com/xap/1.0/}CreatorTool"] == "dreamsweep 0.1.0"


def test_the_record_in_words() -> None:
    content = json.loads(RECORD.json())
    assert content["generated"] is True
    assert content["format"] == "dreamsweep.provenance/1"
    assert (content["seed"], content["prior"]["revision"]) == (2**62, "c" * 40)
    assert RECORD.json().isascii()
    assert "\n" not in with_prompt("a\nb").json()


def test_of_a_trial_and_of_its_row() -> None:
    trial = make_trial("a cup", 3)
    record = Provenance.of(trial)
    assert (record.trial_id, record.prompt, record.seed, record.variant) == (trial.trial_id, "a cup", 3, "base")
    assert record.prior == {"kind": "fake"}
    assert record.software == software()
    row = {**vars(trial), "prior": '{"kind": "fake"}', "software": software()}
    assert Provenance.of_row(row) == record


def test_pictures_stay_what_they_are() -> None:
    stamped = Image.open(io.BytesIO(encode(IMAGE, RECORD)))
    assert stamped.tobytes() == IMAGE.tobytes()
    turning = Image.open(io.BytesIO(animate([IMAGE, IMAGE.rotate(180)], 1.0, RECORD)))
    assert (turning.n_frames, turning.size) == (2, (8, 6))  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x89PNG",
        b"RIFF\x00\x00\x00\x00WEBP",
        b"glTF\x02\x00\x00\x00",
        b"ply\nformat ascii 1.0\nend_header\n",
        b"# dreamsweep {}\n",
        b"# dreamsweep [1]\n",
        b'# dreamsweep {"format":"dreamsweep.provenance/2","generated":true}\n',
        encode(IMAGE),
    ],
)
def test_files_that_say_nothing(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(data)
    with pytest.raises(UserError, match="carries no record"):
        read_provenance(tmp_path / "x")


def test_a_record_of_something_not_generated_is_none() -> None:
    data = b"# dreamsweep " + RECORD.json().replace("true", "false").encode()
    assert find_provenance(data) is None
    assert find_provenance(data.replace(b"false", b"true")) == RECORD


def test_no_file() -> None:
    with pytest.raises(UserError, match="nowhere.png cannot be read: No such file"):
        read_provenance("nowhere.png")


WHOLE = files(RECORD)


@given(st.sampled_from(sorted(WHOLE)), st.integers(0, 2**20), st.binary(max_size=12))
def test_damaged_files_are_no_trouble(name: str, place: int, noise: bytes) -> None:
    data = WHOLE[name]
    place %= len(data)
    for damaged in (data[:place], data[:place] + noise + data[place + len(noise) :]):
        found = find_provenance(damaged)
        assert found is None or isinstance(found, Provenance)


def test_a_bomb_in_xml_does_not_go_off() -> None:
    from PIL import PngImagePlugin

    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">' + "".join(
        f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">' for i in range(12)
    )
    info = PngImagePlugin.PngInfo()
    info.add_itxt("XML:com.adobe.xmp", f"{bomb}]><x>&m;</x>")
    buffer = io.BytesIO()
    IMAGE.save(buffer, format="PNG", pnginfo=info)
    assert find_provenance(buffer.getvalue()) is None
