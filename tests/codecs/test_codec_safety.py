"""Files made to attack: refused with our own errors, before they cost memory."""

from __future__ import annotations

import base64
import contextlib
import io
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from vnhealth import codecs
from vnhealth.codecs import Limits
from vnhealth.errors import CodecError, LimitExceeded, MalformedXml, UnknownEnvelope, UnsafeXml

ROW = b"<TONG_HOP><MA_LK>A1</MA_LK></TONG_HOP>"
LAUGHS = (
    b'<!DOCTYPE a [<!ENTITY a "ha">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(10))
    + b"]><TONG_HOP><MA_LK>&k;</MA_LK></TONG_HOP>"
)
DTDS = {
    "internal": b"<!DOCTYPE TONG_HOP>" + ROW,
    "entity": b'<!DOCTYPE a [<!ENTITY x "y">]><TONG_HOP><MA_LK>&x;</MA_LK></TONG_HOP>',
    "file": b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><TONG_HOP>&x;</TONG_HOP>',
    "network": b'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/x.dtd">' + ROW,
    "public": b'<!DOCTYPE a PUBLIC "-//x" "http://127.0.0.1:9/x.dtd">' + ROW,
    "parameter": b'<!DOCTYPE a [<!ENTITY % p SYSTEM "http://127.0.0.1:9/">%p;]>' + ROW,
    "laughs": LAUGHS,
    "blow-up": b'<!DOCTYPE a [<!ENTITY x "' + b"y" * 50_000 + b'">]><a>' + b"&x;" * 5000 + b"</a>",
    "default-attribute": b'<!DOCTYPE a [<!ATTLIST TONG_HOP x CDATA "1">]>' + ROW,
    "declaration": b'<?xml version="1.0"?>\n<!-- x --><?y z?>\n<!DOCTYPE a>' + ROW,
    "bom": b"\xef\xbb\xbf<!DOCTYPE a>" + ROW,
    "comments-before": b"<!--" + b"x" * 5000 + b"-->" + b"<!DOCTYPE a>" + ROW,
    "utf-16": '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE a><TONG_HOP/>'.encode("utf-16"),
    "utf-16-be": '<!DOCTYPE a [<!ENTITY x "y">]><TONG_HOP>&x;</TONG_HOP>'.encode("utf-16-be"),
    "utf-32": "<!DOCTYPE a><TONG_HOP/>".encode("utf-32"),
}


def envelope(content: bytes, name: bytes = b"XML1") -> bytes:
    return (
        b"<GIAMDINHHS><DANHSACHHOSO><HOSO><FILEHOSO><LOAIHOSO>%s</LOAIHOSO>"
        b"<NOIDUNGFILE>%s</NOIDUNGFILE></FILEHOSO></HOSO></DANHSACHHOSO></GIAMDINHHS>"
    ) % (name, content)


@pytest.mark.parametrize("data", DTDS.values(), ids=DTDS.keys())
@pytest.mark.parametrize("place", ["alone", "envelope", "part"])
def test_a_dtd_is_refused_wherever_it_stands(data: bytes, place: str) -> None:
    if place == "envelope":
        data = data.replace(b"TONG_HOP", b"GIAMDINHHS")
    elif place == "part":
        data = envelope(base64.b64encode(data))
    with pytest.raises(UnsafeXml) as refused:
        codecs.read(data)
    assert refused.value.code == "ERR-XML-02"
    with pytest.raises(UnsafeXml):
        list(codecs.iter_claims(data))


def test_a_doctype_in_a_value_is_only_text() -> None:
    text = b"<TONG_HOP><MA_LK>A1</MA_LK><GHI_CHU><![CDATA[<!DOCTYPE a>]]></GHI_CHU></TONG_HOP>"
    assert codecs.read(text).claims[0].xml1.ghi_chu == "<!DOCTYPE a>"


def test_an_undeclared_entity_is_only_text() -> None:
    document = codecs.read(b"<TONG_HOP><MA_LK>A1</MA_LK><GHI_CHU>&xxe;</GHI_CHU></TONG_HOP>")
    assert document.claims[0].xml1.ghi_chu == "&xxe;"
    assert "BHYT-DOC-03" in document.findings.codes


def test_a_long_prolog_before_a_stream_is_refused_unread() -> None:
    head = b'<!DOCTYPE a [<!ENTITY x "' + b"y" * 200_000 + b'">]>'
    with pytest.raises(UnsafeXml):
        next(codecs.iter_claims(head + b"<GIAMDINHHS/>"))
    with pytest.raises(LimitExceeded):
        next(codecs.iter_claims(b"<!--" + b"x" * 100_000 + b"-->" + head + b"<GIAMDINHHS/>"))


@pytest.mark.parametrize("wrap", [bytes, lambda data: envelope(base64.b64encode(data))])
def test_deep_nesting_is_refused(wrap: type[bytes]) -> None:
    deep = b"<MA_LK>" * 400 + b"</MA_LK>" * 400
    with pytest.raises(LimitExceeded):
        codecs.read(wrap(b"<TONG_HOP>" + deep + b"</TONG_HOP>"))


def test_a_huge_text_is_refused() -> None:
    with pytest.raises(LimitExceeded):
        codecs.read(b"<TONG_HOP><GHI_CHU>" + b"x" * 10_100_000 + b"</GHI_CHU></TONG_HOP>")


def test_a_huge_part_is_refused_before_it_is_decoded() -> None:
    limits = Limits(part=1000)
    with pytest.raises(LimitExceeded):
        codecs.read(envelope(base64.b64encode(ROW + b" " * 1000)), limits=limits)
    with pytest.raises(LimitExceeded):
        codecs.read(envelope(b"A" * 5000), limits=limits)
    assert codecs.read(envelope(base64.b64encode(ROW + b" " * 900)), limits=limits).claims


def test_a_part_above_ten_megabytes_of_base64_is_read() -> None:
    content = b"<TONG_HOP><MA_LK>A1</MA_LK></TONG_HOP>".ljust(8_500_000)
    data = envelope(base64.b64encode(content))
    assert len(data) > 11_000_000
    document = codecs.read(data)
    assert document.claims[0].ma_lk == "A1"
    assert document.claims[0].parts[0].content == content
    assert list(codecs.iter_claims(data)) == list(document.claims)
    assert codecs.read(data.replace(b"</HOSO>", b"<X>@vnhealth-part-0@</X></HOSO>")).claims


def test_a_placeholder_of_our_own_in_a_file_changes_nothing() -> None:
    data = envelope(b"@vnhealth-part-0@").ljust(9_100_000)
    assert codecs.read(data).claims[0].parts[0].content == b"@vnhealth-part-0@"


def test_limits_of_documents_rows_and_tags() -> None:
    data = envelope(base64.b64encode(ROW * 30))
    with pytest.raises(LimitExceeded):
        codecs.read(data, limits=Limits(document=100))
    with pytest.raises(LimitExceeded):
        codecs.read(data, limits=Limits(rows=10))
    with pytest.raises(LimitExceeded):
        codecs.read(ROW + b"<A/>" * 300_000, limits=Limits(markup=1000))
    with pytest.raises(LimitExceeded):
        list(codecs.iter_claims(b"<GIAMDINHHS><HOSO>" + b"x" * 4000, limits=Limits(document=2000)))


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return target.getvalue()


def test_a_zip_of_documents_is_one_document() -> None:
    data = zipped({"a.xml": ROW, "b/c.XML": ROW.replace(b"A1", b"A2"), "d.txt": b"x"})
    document = codecs.read(data)
    assert [claim.ma_lk for claim in document.claims] == ["A1", "A2"]
    assert [f.encounter for f in document.findings.by_code("BHYT-ROW-02")] == [0, 1]
    assert document.findings.by_code("BHYT-DOC-21")[0].params["count"] == "1"
    assert codecs.write(document) == data
    claims = list(codecs.iter_claims(data))
    assert claims == list(document.claims)
    assert [c.findings for c in claims] == [c.findings for c in document.claims]


def test_zip_bombs_are_refused() -> None:
    bomb = zipped({"a.xml": b" " * 30_000_000})
    assert len(bomb) < 40_000
    for reader in (codecs.read, lambda data: list(codecs.iter_claims(data))):
        with pytest.raises(LimitExceeded):
            reader(bomb)
    many = zipped({f"{n}.xml": b"" for n in range(200)})
    with pytest.raises(LimitExceeded):
        codecs.read(many, limits=Limits(archive_files=100))
    total = zipped({f"{n}.xml": ROW for n in range(100)})
    with pytest.raises(LimitExceeded):
        codecs.read(total, limits=Limits(document=2000))
    with pytest.raises(LimitExceeded):
        list(codecs.iter_claims(total, limits=Limits(archive_bytes=2000)))


def test_a_member_that_lies_about_its_size_is_refused() -> None:
    data = bytearray(zipped({"a.xml": ROW + b" " * 5000}))
    directory = data.find(b"PK\x01\x02")
    data[directory + 24 : directory + 28] = (10).to_bytes(4, "little")
    with pytest.raises(CodecError):
        codecs.read(bytes(data))


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_damaged_zips_are_our_errors(method: int) -> None:
    data = zipped({"a.xml": ROW * 20, "b.xml": ROW}, method)
    for at in range(4, len(data), 3):
        broken = data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]
        with contextlib.suppress(CodecError):
            codecs.read(broken)
        with contextlib.suppress(CodecError):
            codecs.read(data[:at])


def test_zips_of_nothing_and_locked_zips() -> None:
    with pytest.raises(UnknownEnvelope):
        codecs.read(zipped({}))
    locked = bytearray(zipped({"a.xml": ROW}))
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        locked[locked.find(mark) + flags] |= 1
    with pytest.raises(MalformedXml):
        codecs.read(bytes(locked))


def attacks(scale: int) -> dict[str, bytes]:
    return {
        "many unclosed rows": b"<DSACH_CHI_TIET_THUOC>" + b"<CHI_TIET_THUOC>" * 5_000 * scale,
        "many unclosed cases": b"<GIAMDINHHS>" + b"<HOSO>" * 2_000 * scale,
        "many unclosed sections": b"<TONG_HOP>" + b"<![CDATA[" * 10_000 * scale,
        "many unclosed comments": b"<TONG_HOP>" + b"<!--" * 20_000 * scale,
        "many unclosed instructions": b"<TONG_HOP>" + b"<?x" * 25_000 * scale,
        "many declarations": b"<TONG_HOP>" + b'<?xml version="1.0"?>' * 5_000 * scale,
        "blanks in a namespace": b'<TONG_HOP xmlns:a="' + b" " * 100_000 * scale,
        "blanks in a tag": b"<TONG_HOP" + b" " * 100_000 * scale,
        "attributes without end": b"<TONG_HOP" + b' a="1"' * 20_000 * scale,
        "many ampersands": b"<TONG_HOP>" + b"&" * 50_000 * scale,
        "many namespaces": b"<TONG_HOP>" + b'<x:MA_LK xmlns:x="a b">' * 4_000 * scale,
        "base64 that is none": envelope(b"A " * 50_000 * scale + b"%"),
        "many names": b"<TONG_HOP>" + b"".join(b"<T%d>" % n for n in range(10_000 * scale)),
    }


@pytest.mark.parametrize("scale", [2, pytest.param(15, marks=pytest.mark.slow)])
def test_hostile_files_cost_neither_memory_nor_time(tmp_path: Path, scale: int) -> None:
    """In a process with limits on memory and CPU seconds: what is not linear is killed there."""
    for number, data in enumerate(attacks(scale).values()):
        (tmp_path / f"{number}.xml").write_bytes(data)
    code = (
        "import contextlib, resource, sys, pathlib\n"
        "from vnhealth import codecs\n"
        "from vnhealth.errors import CodecError\n"
        "resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))\n"
        "resource.setrlimit(resource.RLIMIT_CPU, (60, 60))\n"
        "for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):\n"
        "    for reader in (codecs.read, lambda p: list(codecs.iter_claims(p))):\n"
        "        with contextlib.suppress(CodecError):\n"
        "            reader(path)\n"
        "print('done')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "done", done.stderr[-2000:]
