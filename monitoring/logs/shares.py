"""Which logs a share of them chooses: decided by their ids alone, the same for ever and everywhere."""

from hashlib import blake2b
from uuid import UUID


def share_of(id_: UUID, person: bytes) -> float:
    """Where an id falls from 0 to 1; a share of s chooses what falls below s. Another `person`, another choice."""
    return int.from_bytes(blake2b(id_.bytes, digest_size=8, person=person).digest(), "big") / 2**64
