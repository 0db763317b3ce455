"""The tree against published vectors, and against RFC 6962's own definition written down as slowly as it is there."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from records.tree import (
    compute_root,
    compute_roots,
    hash_children,
    hash_leaf,
    prove_consistency,
    prove_inclusion,
    verify_consistency,
    verify_inclusion,
)
from service.audit.tiles import LeafTree, Tile, list_tiles, read_bundle, write_tile

VECTORS = json.loads((Path(__file__).parent / "proofs.json").read_text())
# The eight leaves and roots that the logs of Certificate Transparency have tested themselves with since 2013.
LEAVES = [bytes.fromhex(each) for each in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
)]  # fmt: skip
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
# Of 600 leaves: beyond two whole tiles of 256.
MANY = [number.to_bytes(32, "big") for number in range(600)]


def define_root(leaves: list[bytes]) -> bytes:
    """RFC 6962, section 2.1, word for word."""
    if not leaves:
        return bytes.fromhex(ROOTS[0])
    if len(leaves) == 1:
        return hash_leaf(leaves[0])
    split = max(2**power for power in range(20) if 2**power < len(leaves))
    return hash_children(define_root(leaves[:split]), define_root(leaves[split:]))


def decode(encoded: list[str]) -> list[bytes]:
    return [base64.b64decode(each) for each in encoded]


def test_hashes_are_those_of_the_standard() -> None:
    assert hash_leaf(b"L123456").hex() == "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56"
    assert hash_children(b"N123", b"N456").hex() == "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb"


@pytest.mark.parametrize("size", range(9))
def test_published_roots_are_computed(size: int) -> None:
    assert compute_root(LeafTree(LEAVES), size).hex() == ROOTS[size]
    assert compute_roots(map(hash_leaf, LEAVES), [size])[size].hex() == ROOTS[size]


@pytest.mark.parametrize("vector", VECTORS["inclusion"], ids=lambda vector: vector[0])
def test_published_inclusion_proof_is_judged_as_it_should(vector: list[Any]) -> None:
    _, index, size, leaf, root, proof, is_good = vector
    assert verify_inclusion(*decode([leaf]), index, size, decode(proof), *decode([root])) is is_good


@pytest.mark.parametrize("vector", VECTORS["consistency"], ids=lambda vector: vector[0])
def test_published_consistency_proof_is_judged_as_it_should(vector: list[Any]) -> None:
    _, old, new, old_root, new_root, proof, is_good = vector
    assert verify_consistency(old, new, *decode([old_root, new_root]), decode(proof)) is is_good


@pytest.mark.parametrize("vector", [each for each in VECTORS["inclusion"] if each[-1] and each[2] <= 8])
def test_published_inclusion_proof_is_made(vector: list[Any]) -> None:
    assert prove_inclusion(LeafTree(LEAVES), vector[1], vector[2]) == decode(vector[5])


@pytest.mark.parametrize("vector", [each for each in VECTORS["consistency"] if each[-1] and each[0][0] in "01234"])
def test_published_consistency_proof_is_made(vector: list[Any]) -> None:
    assert prove_consistency(LeafTree(LEAVES), vector[1], vector[2]) == decode(vector[5])


@pytest.mark.parametrize("size", [*range(1, 20), 255, 256, 257, 512, 513, 600])
def test_roots_and_proofs_of_every_size_hold_and_nothing_else_does(size: int) -> None:
    tree, root = LeafTree(MANY), define_root(MANY[:size])
    assert compute_root(tree, size) == root
    for index in {*range(0, size, 37), size - 1}:
        proof = prove_inclusion(tree, index, size)
        assert verify_inclusion(hash_leaf(MANY[index]), index, size, proof, root)
        assert not verify_inclusion(hash_leaf(b"another"), index, size, proof, root)
    for old in {*range(1, size, 41), size}:
        proof = prove_consistency(tree, old, size)
        assert verify_consistency(old, size, define_root(MANY[:old]), root, proof)
        assert not verify_consistency(old, size, define_root(MANY[1 : old + 1]), root, proof)


def test_roots_of_many_sizes_come_from_one_pass() -> None:
    sizes = [0, 1, 2, 3, 100, 256, 257, 599, 600]
    found = compute_roots(map(hash_leaf, MANY), [*sizes, 601])
    assert found == {size: define_root(MANY[:size]) for size in sizes}


def test_tiles_are_those_of_the_specification() -> None:
    tiles = [tile for tile in list_tiles(70_000) if tile.level is not None]
    assert [sum(tile.level == level and tile.width == 256 for tile in tiles) for level in range(3)] == [273, 1, 0]
    assert [tile.path for tile in tiles if tile.width < 256] == [
        "tile/0/273.p/112",
        "tile/1/001.p/17",
        "tile/2/000.p/1",
    ]
    assert [tile.path for tile in list_tiles(256)] == ["tile/entries/000", "tile/0/000", "tile/1/000.p/1"]
    assert Tile(5, 1234067, 256).path == "tile/5/x001/x234/067"
    assert list(list_tiles(0)) == []


def test_tile_of_the_second_level_holds_the_roots_of_the_first() -> None:
    tree = LeafTree(MANY)
    assert write_tile(Tile(1, 0, 2), tree, MANY) == define_root(MANY[:256]) + define_root(MANY[256:512])
    assert read_bundle(write_tile(Tile(None, 2, 88), tree, MANY)) == MANY[512:]
