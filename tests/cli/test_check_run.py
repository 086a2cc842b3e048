"""Folders, globs, stdin, several processes, one huge file: always the same result."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from vnhealth import signing, synth
from vnhealth.cli import _check_big, _check_file, _check_run, run
from vnhealth.findings import Run, write_json

EXTRA = "<!-- ghi chú -->"


def checked(
    paths: list[Path], *, jobs: int = 1, options: _check_file.Options | None = None
) -> dict[str, Any]:
    """The JSON of a run, by the engine itself."""
    options = options or _check_file.Options(values=True)
    stream = io.StringIO()
    sizes: list[int] = []
    held = _check_run.inputs([str(p) for p in paths])
    files = _check_run.checked_files(
        held,
        options,
        _check_run.Screen(None, None, None),
        jobs=jobs,
        target=lambda one: None,
        step=sizes.append,
    )
    write_json(files, stream, Run(values=options.values))
    assert sum(sizes) == sum(one.size for one in held)
    return json.loads(stream.getvalue())  # type: ignore[no-any-return]


@pytest.fixture
def cut_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file is huge, and a piece is a few encounters."""
    monkeypatch.setattr(_check_run, "BIG_FROM", 1)
    monkeypatch.setattr(_check_big, "PIECE", 60_000)


def one_file(
    folder: Path, dialect: str = "official", *, encounters: int = 12, faults: float = 0.5
) -> Path:
    synth.write_files(
        folder,
        encounters=encounters,
        edition="3176",
        seed=5,
        dialect=dialect,
        per_file=encounters,
        faults=faults,
    )
    return next(folder.glob("*.xml"))


@pytest.mark.parametrize(
    "dialect",
    [
        "official",
        "dotnet",
        "php",
        "java",
        "batch",
        "legacy",
        "concatenated_roots",
        "raw_ampersand",
        "wrong_count",
        "indented",
    ],
)
def test_a_cut_file_gives_what_the_whole_file_gives(
    dialect: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = one_file(tmp_path, dialect)
    whole = checked([path])
    monkeypatch.setattr(_check_run, "BIG_FROM", 1)
    monkeypatch.setattr(_check_big, "PIECE", 60_000)
    assert checked([path]) == whole
    assert whole["files"][0]["encounters"] == 12


def damage(data: bytes, how: str) -> bytes:
    """A huge file with something odd between its encounters."""
    middle = data.index(b"</HOSO>", len(data) // 2) + len(b"</HOSO>")
    if how == "comments":
        note = EXTRA.encode()
        data = data[:middle] + note + data[middle:]
        return data.replace(b"<DANHSACHHOSO>", b"<DANHSACHHOSO>" + note, 1)
    if how == "text":
        return data[:middle] + b"abc" + data[middle:]
    if how == "element":
        return data[:middle] + b"<LA/>" + data[middle:]
    if how == "outside":
        return data[:middle] + b"<FILEHOSO/>" + data[middle:]
    if how == "attribute":
        return data.replace(b"<HOSO>", b'<HOSO id="1">')
    if how == "prefix":
        return (
            data.replace(b"<HOSO>", b"<x:HOSO>")
            .replace(b"</HOSO>", b"</x:HOSO>")
            .replace(b"<DANHSACHHOSO>", b'<DANHSACHHOSO xmlns:x="urn:x">', 1)
        )
    if how == "lower":
        return (
            data.replace(b"HOSO>\n", b"HOSO>")
            .replace(b"<HOSO>", b"<hoso>")
            .replace(b"</HOSO>", b"</hoso>")
        )
    if how == "truncated":
        return data[: middle + 500]
    if how == "facility":
        return data.replace(b"<MACSKCB>", b"<MACSKCB>9", 1)
    if how == "twice":
        start = data.index(b"<HOSO>")
        first = data[start : data.index(b"</HOSO>") + len(b"</HOSO>")]
        return data[:middle] + first + data[middle:]
    if how == "utf16":
        text = data.decode().replace('encoding="utf-8"', 'encoding="utf-16"')
        return text.encode("utf-16")
    if how == "declared":
        return data.replace(b'encoding="utf-8"', b'encoding="windows-1258"', 1)
    assert how == "cdata"
    return data.replace(b"</THONGTINDONVI>", b"</THONGTINDONVI><!-- </HOSO><HOSO> -->", 1)


@pytest.mark.parametrize(
    "how",
    [
        "comments",
        "text",
        "element",
        "outside",
        "attribute",
        "prefix",
        "lower",
        "truncated",
        "facility",
        "twice",
        "utf16",
        "declared",
        "cdata",
    ],
)
def test_a_cut_file_with_oddities_gives_what_the_whole_file_gives(
    how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = one_file(tmp_path, faults=0)
    path.write_bytes(damage(path.read_bytes(), how))
    whole = checked([path])
    monkeypatch.setattr(_check_run, "BIG_FROM", 1)
    monkeypatch.setattr(_check_big, "PIECE", 60_000)
    assert checked([path]) == whole
    assert whole["files"][0]["encounters"] > 5


@pytest.mark.usefixtures("cut_small")
def test_a_plain_file_is_really_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = one_file(tmp_path)
    pieces: list[int] = []
    work = _check_run.check_piece

    def counted(piece: _check_big.Piece, options: _check_file.Options) -> _check_big.PieceResult:
        pieces.append(piece.end - piece.start)
        return work(piece, options)

    monkeypatch.setattr(_check_run, "check_piece", counted)
    monkeypatch.setattr(_check_run, "check_path", None)
    checked([path])
    assert len(pieces) > 3
    assert max(pieces) < 200_000


def test_what_cannot_be_cut_nor_read_whole_is_read_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = one_file(tmp_path, "raw_ampersand")
    path.write_bytes(damage(path.read_bytes(), "utf16"))
    (whole,) = checked([path])["files"]
    monkeypatch.setattr(_check_run, "BIG_FROM", 1)
    monkeypatch.setattr(_check_big, "WHOLE_UP_TO", 10)
    (streamed,) = checked([path])["files"]
    assert (streamed["encounters"], streamed["tables"]) == (whole["encounters"], whole["tables"])
    assert streamed["signature"] == "unchecked"

    def of_encounters(file: dict[str, Any]) -> list[dict[str, Any]]:
        return [f for f in file["findings"] if f["encounter"] is not None]

    assert of_encounters(streamed) == of_encounters(whole)
    assert "BHYT-CHECK-01" in [f["code"] for f in streamed["findings"]]


def test_a_zip_of_any_size_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import zipfile

    path = tmp_path / "goi.zip"
    source = one_file(tmp_path / "a")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(source, "a.xml")
        archive.write(source, "b.xml")
    whole = checked([path])
    monkeypatch.setattr(_check_run, "BIG_FROM", 1)
    assert checked([path]) == whole
    monkeypatch.setattr(_check_big, "WHOLE_UP_TO", 10)
    (streamed,) = checked([path])["files"]
    assert streamed["encounters"] == whole["files"][0]["encounters"] == 24


def test_the_signature_of_a_cut_file_is_verified(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import datetime as dt

    now = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
    year = dt.timedelta(days=365)
    authority = signing.TestAuthority(not_before=now - year, not_after=now + year)
    signer = authority.issue("01001", not_before=now - year, not_after=now + year)
    path = one_file(tmp_path, faults=0)
    path.write_bytes(signing.sign(path.read_bytes(), signer))
    ca = tmp_path / "ca.pem"
    ca.write_bytes(authority.certificate_pem)
    options = _check_file.Options(trust=ca, now=now)
    whole = checked([path], options=options)
    assert whole["files"][0]["signature"] == "valid"
    assert whole["files"][0]["signature_trusted"] is True
    monkeypatch.setattr(_check_run, "BIG_FROM", 1)
    assert checked([path], options=options) == whole
    monkeypatch.setattr(_check_big, "VERIFY_UP_TO", 10)
    (file,) = checked([path], options=options)["files"]
    assert (file["signature"], file["signature_trusted"]) == ("unchecked", False)
    assert "BHYT-CHECK-02" in [f["code"] for f in file["findings"]]


@pytest.mark.e2e
def test_several_processes_give_what_one_gives(tmp_path: Path) -> None:
    synth.write_files(tmp_path / "a", encounters=40, edition="3176", seed=3, faults=0.4)
    synth.write_files(tmp_path / "b", encounters=3, edition="4210", seed=3)
    (tmp_path / "b" / "hong.xml").write_bytes(b"\x00 no xml")
    synth.write_files(tmp_path / "c", encounters=300, edition="3176", seed=4, per_file=0, big=True)
    assert (tmp_path / "c" / "big.xml").stat().st_size > _check_run.BIG_FROM
    paths = [tmp_path / "a", tmp_path / "c", tmp_path / "b"]
    one = checked(paths)
    assert checked(paths, jobs=2) == one
    assert [Path(f["path"]).parent.name for f in one["files"]][:1] == ["a"]
    assert one["files"][40]["encounters"] == 300


def test_inputs_are_found_once_and_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("b/2.xml", "b/1.XML", "a.xml", "b/x.txt", "c/g.zip", "[k].xml"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
    monkeypatch.chdir(tmp_path)

    def names(*given: str) -> list[str]:
        return [Path(one.path).as_posix() for one in _check_run.inputs(given)]

    assert names("b") == ["b/1.XML", "b/2.xml"]
    assert names("a.xml", ".") == ["a.xml", "[k].xml", "b/1.XML", "b/2.xml", "c/g.zip"]
    assert names("b/*.xml") == ["b/2.xml"]
    assert names("**/*.xml") == ["[k].xml", "a.xml", "b/2.xml"]
    assert names("[k].xml") == ["[k].xml"]
    assert names("no/*.xml", "missing.xml", "-") == ["no/*.xml", "missing.xml", "-"]
    assert [one.name for one in _check_run.inputs(["b", "-"])] == ["1.XML", "2.xml", "stdin.xml"]


def test_stdin_is_a_file_like_any_other(tmp_path: Path) -> None:
    path = one_file(tmp_path, encounters=2)
    argv = [sys.executable, "-m", "vnhealth", "check", "--format", "json"]
    piped = subprocess.run([*argv, "-"], input=path.read_bytes(), capture_output=True)
    (read,) = json.loads(piped.stdout)["files"]
    direct = subprocess.run([*argv, str(path)], capture_output=True)
    (file,) = json.loads(direct.stdout)["files"]
    assert read == {**file, "path": "-"}
    assert piped.returncode == direct.returncode
    assert piped.stderr == b""


def test_a_defect_in_the_middle_leaves_no_half_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    synth.write_files(tmp_path / "a", encounters=3, edition="3176", seed=3)
    work = _check_run.check_path
    seen: list[str] = []

    def breaks(path: str, *rest: Any) -> Any:
        seen.append(path)
        if len(seen) == 2:
            raise ZeroDivisionError
        return work(path, *rest)

    monkeypatch.setattr(_check_run, "check_path", breaks)
    out = tmp_path / "o" / "r.json"
    assert run(["check", "--format", "json", "--out", str(out), str(tmp_path / "a")]) == 5
    assert list(out.parent.iterdir()) == []
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.e2e
@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak of a child in KiB")
def test_memory_is_flat(tmp_path: Path) -> None:
    """Four times the encounters, each with a hundred findings, cost next to nothing more."""
    program = (
        "import resource, sys\nfrom vnhealth.cli import run\n"
        "run(['check', '--quiet', '--jobs', '1', '--format', 'json', '--out', *sys.argv[1:]])\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    peaks = []
    for encounters in (1000, 4000):
        folder = tmp_path / str(encounters)
        synth.write_files(
            folder,
            encounters=encounters,
            edition="3176",
            seed=7,
            per_file=0,
            big=True,
            dialect="decimal_comma",
        )
        argv = [sys.executable, "-c", program, str(folder / "o.json"), str(folder / "big.xml")]
        done = subprocess.run(argv, capture_output=True, text=True, check=True)
        peaks.append(int(done.stdout) // 1024)
        assert (folder / "o.json").stat().st_size > encounters * 10_000
    assert peaks[1] - peaks[0] < 40, peaks
