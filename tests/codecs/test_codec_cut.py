"""Cutting by tags: a stream gives what a text gives, and every byte stands somewhere."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vnhealth.codecs import _cut
from vnhealth.codecs._encoding import position
from vnhealth.errors import LimitExceeded

TEXT = st.lists(
    st.sampled_from(
        ["<R>", "</R>", "<R/>", "x", "\n", '<x:r a="1">', "</ r>", "é", "<A>", "<!--", "-->", "-"]
    ),
    max_size=14,
).map(lambda parts: "".join(parts).encode())


@given(TEXT, st.integers(1, 9))
def test_a_stream_is_cut_like_a_text(data: bytes, block: int) -> None:
    pieces, around = _cut.cut(data, "R")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_cut, "_BLOCK", block)
        patch.setattr(_cut, "_LONGEST_TAG", 20)
        streamed = list(_cut.cut_stream(io.BytesIO(data), "R", 1000))
    assert streamed == pieces
    assert len(around.decode()) == len(data.decode())
    for piece in pieces:
        assert data[piece.offset :].startswith(piece.data)
        at = position(data, piece.offset)
        assert (int(at["line"]), int(at["column"])) == piece.origin
    blanked = bytearray(data)
    for piece in pieces:
        blanked[piece.offset : piece.offset + len(piece.data)] = b" " * len(piece.data)
    assert around.split() == bytes(blanked).split()


def test_a_piece_that_is_too_large_is_refused() -> None:
    with pytest.raises(LimitExceeded):
        list(_cut.cut_stream(io.BytesIO(b"<R>" + b"x" * 100), "R", 50))


def test_a_comment_without_end_is_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_cut, "_LONGEST_COMMENT", 30)
    near = b"<!-- <R>no</R> --><R>1</R>"
    far = b"<!-- " + b"x" * 40 + b"<R>1</R> -->"
    for data in (near, far):
        pieces, _ = _cut.cut(data, "R")
        assert [piece.data for piece in pieces] == [b"<R>1</R>"]
        assert list(_cut.cut_stream(io.BytesIO(data), "R", 1000)) == pieces
