"""A file of any size costs the memory of one encounter."""

from __future__ import annotations

import base64
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from vnhealth import codecs
from vnhealth.codecs import Limits
from vnhealth.errors import LimitExceeded

ENCOUNTERS = 20_000
WARM = 1_000
GROWTH_MB = 10


class Repeated(io.RawIOBase):
    """A file that is never whole in memory: a head, a block many times over, a tail."""

    def __init__(self, head: bytes, block: bytes, times: int, tail: bytes) -> None:
        self.parts = (head, block, tail)
        self.starts = (0, len(head), len(head) + len(block) * times)
        self.size = self.starts[2] + len(tail)
        self.at = 0

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.at

    def seek(self, offset: int, whence: int = 0) -> int:
        self.at = offset + (0, self.at, self.size)[whence]
        return self.at

    def read(self, size: int = -1) -> bytes:
        out = []
        left = self.size - self.at if size < 0 else min(size, self.size - self.at)
        while left > 0:
            where = 2 if self.at >= self.starts[2] else 1 if self.at >= self.starts[1] else 0
            part = self.parts[where]
            offset = (self.at - self.starts[where]) % len(part)
            piece = part[offset : offset + left]
            if where == 0:
                piece = piece[: self.starts[1] - self.at]
            out.append(piece)
            self.at += len(piece)
            left -= len(piece)
        return b"".join(out)


def hoso(number: int, *, broken: bool = False) -> bytes:
    row = (
        f"<TONG_HOP><MA_LK>A{number}</MA_LK><STT>1</STT><HO_TEN>Người Thử {number}</HO_TEN>"
        "<NGAY_RA>202603011000</NGAY_RA></TONG_HOP>"
    ).encode()
    lines = "".join(
        f"<CHI_TIET_THUOC><MA_LK>A{number}</MA_LK><STT>{n}</STT><SO_LUONG>{n}.50</SO_LUONG>"
        "</CHI_TIET_THUOC>"
        for n in range(1, 6)
    )
    table = f"<DSACH_CHI_TIET_THUOC>{lines}</DSACH_CHI_TIET_THUOC>".encode()
    files = b"".join(
        b"<FILEHOSO><LOAIHOSO>%s</LOAIHOSO><NOIDUNGFILE>%s</NOIDUNGFILE></FILEHOSO>"
        % (name, base64.b64encode(content))
        for name, content in ((b"XML1", row), (b"XML2", table))
    )
    return b"<HOSO>" + files + (b"<X>&</X>" if broken else b"") + b"</HOSO>\n"


def stream(encounters: int, *, broken: bool) -> Repeated:
    head = b"<GIAMDINHHS><THONGTINHOSO><DANHSACHHOSO>" + hoso(0, broken=broken)
    block = b"".join(hoso(number) for number in range(50))
    tail = b"</DANHSACHHOSO></THONGTINHOSO><CHUKYDONVI/></GIAMDINHHS>"
    return Repeated(head, block, encounters // 50, tail)


def peak_mb() -> float:
    """The peak memory of this process alone.

    Not from getrusage: there a process inherits the peak of the one that started it.
    """
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def measured(*, broken: bool) -> dict[str, float]:
    count = rows = 0
    peaks = {}
    for claim in codecs.iter_claims(stream(ENCOUNTERS, broken=broken)):  # type: ignore[arg-type]
        count += 1
        rows += len(claim.xml2)
        if count == WARM:
            peaks["warm"] = peak_mb()
    peaks["end"] = peak_mb()
    return {"count": count, "rows": rows, **peaks}


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")
@pytest.mark.parametrize("broken", [False, True], ids=["well-formed", "cut into pieces"])
def test_memory_is_flat(broken: bool) -> None:
    """From 1,000 to 20,000 encounters the process may grow by 10 MB at most."""
    code = (
        "import importlib.util, json, sys\n"
        "spec = importlib.util.spec_from_file_location('streaming', sys.argv[1])\n"
        "module = importlib.util.module_from_spec(spec)\n"
        "spec.loader.exec_module(module)\n"
        "print(json.dumps(module.measured(broken=sys.argv[2] == 'True')))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(Path(__file__)), str(broken)],
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout)
    assert found["count"] == ENCOUNTERS + 1
    assert found["rows"] == 5 * found["count"]
    assert found["end"] - found["warm"] <= GROWTH_MB


def test_the_stand_in_for_a_file_reads_like_one() -> None:
    source = stream(100, broken=False)
    whole = source.read()
    assert whole == source.parts[0] + source.parts[1] * 2 + source.parts[2]
    for at, size in ((0, 7), (30, 9_000), (len(whole) - 5, 50)):
        source.seek(at)
        assert source.read(size) == whole[at : at + size]


def test_one_encounter_is_still_bounded() -> None:
    source = stream(50, broken=True)
    with pytest.raises(LimitExceeded):
        list(codecs.iter_claims(source, limits=Limits(document=500)))  # type: ignore[arg-type]


def test_the_caller_keeps_the_stream() -> None:
    data = stream(50, broken=False).read()
    source = io.BytesIO(b"skip" + data)
    source.seek(4)
    claims = list(codecs.iter_claims(source))
    assert claims == list(codecs.read(data).claims)
    assert not source.closed


def test_a_pipe_is_read_too(tmp_path: Path) -> None:
    data = stream(50, broken=False).read()

    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    assert list(codecs.iter_claims(Pipe(data))) == list(codecs.read(data).claims)
    path = tmp_path / "day.xml"
    path.write_bytes(data)
    assert list(codecs.iter_claims(str(path))) == list(codecs.read(path).claims)
