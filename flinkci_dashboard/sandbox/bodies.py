"""The body of a request, of either transfer encoding: read once, by whoever wants it, whenever that is."""

import zlib
from collections.abc import Iterator
from email.message import Message
from io import BufferedIOBase

from flinkci_dashboard.sandbox.calls import CHUNK


class CutShortError(OSError):
    """The connection ended before the body did."""


class Body:
    """One request's body. Who reads it late, in another thread, never reads into the request that comes after it."""

    def __init__(self, file: BufferedIOBase, headers: Message) -> None:
        self._file = file
        self._left = int(headers.get("Content-Length") or 0)
        self._chunked = "chunked" in headers.get("Transfer-Encoding", "")
        self._zipped = headers.get("Content-Encoding") == "gzip"

    @property
    def unread(self) -> bool:
        """Tell whether some of it is still to come."""
        return self._chunked or self._left > 0

    def read(self) -> Iterator[bytes]:
        """Yield its parts, unzipped. Raises CutShortError."""
        if self._zipped:
            unzip = zlib.decompressobj(zlib.MAX_WBITS | 16)
            yield from (unzip.decompress(part) for part in self.raw())
            yield unzip.flush()
        else:
            yield from self.raw()

    def raw(self) -> Iterator[bytes]:
        """Yield what is left of its parts as they come. Raises CutShortError."""
        while self._chunked:
            self._left = size = int(self._file.readline().split(b";")[0] or b"0", 16)
            yield from self._counted()
            self._file.readline()
            self._chunked = size > 0
        yield from self._counted()

    def _counted(self) -> Iterator[bytes]:
        while self._left > 0:
            part = self._file.read(min(CHUNK, self._left))
            if not part:
                raise CutShortError
            self._left -= len(part)
            yield part
