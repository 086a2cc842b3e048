"""A Merkle tree after RFC 6962: leaves and nodes hashed apart, so that neither passes as the other.

One root stands for any number of exchanges; a proof of a few hashes shows that one of them is
among them without showing the others.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

__all__ = ["MerkleStream", "leaf_hash", "merkle_proof", "merkle_root", "proves"]


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf."""
    return hashlib.sha256(b"\x00" + data).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """The root over leaf hashes, in order; of none it is the hash of nothing.

    >>> one = leaf_hash(b"a")
    >>> merkle_root([one]) == one, merkle_root([one, one]) == one
    (True, False)
    """
    if not leaves:
        return hashlib.sha256().digest()
    level = list(leaves)
    while len(level) > 1:
        paired = [_node(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
        level = paired + level[len(level) & ~1 :]
    return level[0]


class MerkleStream:
    """The root over leaves that come one by one, of which only a few hashes are kept.

    >>> leaves = [leaf_hash(bytes([n])) for n in range(11)]
    >>> stream = MerkleStream()
    >>> for leaf in leaves:
    ...     stream.add(leaf)
    >>> stream.count, stream.root() == merkle_root(leaves)
    (11, True)
    """

    def __init__(self) -> None:
        self.count = 0
        self._whole: list[bytes] = []
        """The roots of full trees, the largest first: one for each bit of the count."""

    def add(self, leaf: bytes) -> None:
        """One leaf hash more."""
        found, at = leaf, self.count
        while at & 1:
            found, at = _node(self._whole.pop(), found), at >> 1
        self._whole.append(found)
        self.count += 1

    def root(self) -> bytes:
        """The root over all leaves so far."""
        if not self._whole:
            return merkle_root(())
        found = self._whole[-1]
        for left in reversed(self._whole[:-1]):
            found = _node(left, found)
        return found


def merkle_proof(leaves: Sequence[bytes], index: int) -> list[tuple[str, bytes]]:
    """The hashes that lead from a leaf to the root: ("left" | "right", hash), lowest first."""
    proof = []
    level, at = list(leaves), index
    while len(level) > 1:
        beside = at ^ 1
        if beside < len(level):
            proof.append(("left" if beside < at else "right", level[beside]))
        paired = [_node(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
        level, at = paired + level[len(level) & ~1 :], at // 2
    return proof


def proves(leaf: bytes, proof: Sequence[tuple[str, bytes]], root: bytes) -> bool:
    """True when a proof leads from the leaf hash to the root.

    >>> leaves = [leaf_hash(bytes([n])) for n in range(5)]
    >>> proves(leaves[3], merkle_proof(leaves, 3), merkle_root(leaves))
    True
    """
    found = leaf
    for side, other in proof:
        found = _node(other, found) if side == "left" else _node(found, other)
    return found == root
