"""Form bodies, read strictly and in memory only.

Guarantees: nothing is spooled to a disk (``Request.form`` would do that); a file's bytes exist once in memory and die with the request.
Refuses: repeated fields, more than 96 fields, values over 8 KiB, a second file but the one named ``claims``, bodies that end early. The door
bounds the whole.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from akashi.errors import InputError

_MAX_FIELDS, _MAX_VALUE, _MAX_HEADER = 96, 8 * 1024, 4 * 1024
_BESIDE = "claims"


class FormInvalid(InputError):
    """A form that this page did not make."""

    code = "web.form"
    ja, en = "画面の有効時間が過ぎたか、正しくない操作です。", "The page has expired, or the request is not valid."
    hint_ja, hint_en = "もう一度やり直してください。", "Please start again."


@dataclass(frozen=True, slots=True)
class Form:
    """Fields by name, the one uploaded file, and what the send page takes beside it: a table of claims."""

    values: dict[str, str] = field(repr=False)
    file_name: str = field(default="", repr=False)
    data: bytes | None = field(default=None, repr=False)
    beside: bytes | None = field(default=None, repr=False)

    def get(self, name: str) -> str:
        """A field, empty where it is missing."""
        return self.values.get(name, "")


async def read_form(request: Request) -> Form:
    """The form of a POST request. Raises :class:`FormInvalid`."""
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind == b"application/x-www-form-urlencoded":
        return _urlencoded(b"".join([piece async for piece in request.stream()]))
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary:
        raise FormInvalid
    reader = _Reader()
    parser = MultipartParser(boundary, reader.callbacks())  # type: ignore[arg-type]  # its TypedDict lists every callback
    try:
        async for piece in request.stream():
            parser.write(piece)
        parser.finalize()
    except FormParserError as error:
        raise FormInvalid from error
    return reader.form()


def _urlencoded(body: bytes) -> Form:
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=_MAX_FIELDS, errors="strict")
    except ValueError as error:
        raise FormInvalid from error
    if len({name for name, _ in pairs}) != len(pairs) or any(len(value) > _MAX_VALUE for _, value in pairs):
        raise FormInvalid
    return Form(dict(pairs))


class _Reader:
    """Collects the parts of a multipart body."""

    def __init__(self) -> None:
        self._values: dict[str, str] = {}
        self._file_name = ""
        self._header_name, self._header_value = bytearray(), bytearray()
        self._disposition = b""
        self._part = bytearray()
        self._is_file, self._name, self._ended = False, "", False
        self._data: bytes | None = None
        self._beside: bytes | None = None
        self._beside_chosen = False

    def callbacks(self) -> dict[str, object]:
        """What the parser calls."""
        return {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._grow(self._header_name, data[start:end], _MAX_HEADER),
            "on_header_value": lambda data, start, end: self._grow(self._header_value, data[start:end], _MAX_HEADER),
            "on_header_end": self._header,
            "on_headers_finished": self._headers,
            "on_part_data": self._take,
            "on_part_end": self._keep,
            "on_end": self._end,
        }

    def form(self) -> Form:
        """The whole form. Raises :class:`FormInvalid` if the body ended early."""
        if not self._ended:
            raise FormInvalid
        return Form(self._values, self._file_name, self._data, self._beside if self._beside_chosen else None)

    def _begin(self) -> None:
        self._part, self._disposition, self._is_file, self._name = bytearray(), b"", False, ""

    @staticmethod
    def _grow(into: bytearray, piece: bytes, most: int) -> None:
        into += piece
        if len(into) > most:
            raise FormInvalid

    def _header(self) -> None:
        if bytes(self._header_name).lower() == b"content-disposition":
            self._disposition = bytes(self._header_value)
        self._header_name, self._header_value = bytearray(), bytearray()

    def _headers(self) -> None:
        kind, options = parse_options_header(self._disposition)
        if kind != b"form-data" or b"name" not in options:
            raise FormInvalid
        self._name = options[b"name"].decode("utf-8", "replace")
        if b"filename" in options:
            if (self._beside if self._name == _BESIDE else self._data) is not None:
                raise FormInvalid
            self._is_file = True
            if self._name == _BESIDE:
                # A browser sends the field of a file that nobody chose, too: without a name.
                self._beside_chosen = bool(options[b"filename"])
            else:
                self._file_name = options[b"filename"].decode("utf-8", "replace")

    def _take(self, data: bytes, start: int, end: int) -> None:
        self._part += data[start:end]
        if not self._is_file and len(self._part) > _MAX_VALUE:
            raise FormInvalid

    def _keep(self) -> None:
        if self._is_file and self._name == _BESIDE:
            self._beside = bytes(self._part)
        elif self._is_file:
            self._data = bytes(self._part)
        elif self._name in self._values or len(self._values) >= _MAX_FIELDS:
            raise FormInvalid
        else:
            self._values[self._name] = self._part.decode("utf-8", "replace")
        self._part = bytearray()

    def _end(self) -> None:
        self._ended = True
