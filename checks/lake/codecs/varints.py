"""Numbers of variable length, seven bits a byte, as Avro and Thrift's compact protocol write them alike.

Apache Avro Specification 1.11, "Binary encoding"; Apache Thrift, "Thrift Compact protocol encoding".
"""

from __future__ import annotations

from dataclasses import dataclass

_LONGEST = 63
"""The last bit that a further byte may begin at: numbers have 64."""


@dataclass(slots=True)
class Varints:
    """Reads numbers one after the other; raises IndexError at the end of the data."""

    data: bytes
    pos: int = 0

    def varint(self) -> int:
        """Return a number without a sign; raise ValueError where it has more than 64 bits."""
        data, pos = self.data, self.pos
        byte = data[pos]
        pos += 1
        number = byte & 0x7F
        shift = 7
        while byte & 0x80:
            if shift > _LONGEST:
                raise ValueError("a number of more than 64 bits")
            byte = data[pos]
            pos += 1
            number |= (byte & 0x7F) << shift
            shift += 7
        self.pos = pos
        return number

    def long(self) -> int:
        """Return a number with a sign (zigzag)."""
        number = self.varint()
        return (number >> 1) ^ -(number & 1)
