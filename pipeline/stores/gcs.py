"""Google Cloud Storage through gcsfs. The only module that imports it.

Credentials are Google's application default ones. A create is an upload with `ifGenerationMatch=0`. gcsfs repeats
requests by itself, creates too; the nonce keeps that safe (see `pipeline.stores.objects`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import aiohttp
import google.auth.exceptions
import requests.exceptions
from gcsfs.core import GCSFileSystem  # of standard buckets; the other class asks a second service what a bucket is
from gcsfs.retry import ChecksumError, HttpError

from pipeline.secrets import redact
from pipeline.stores.requests import NONCE, Diagnosis, Fault, Page

PART_BYTES = 48 * 2**20  # from here on an upload is resumable; a multiple of 256 KiB

_PASSING = (
    aiohttp.ClientError,
    asyncio.TimeoutError,
    requests.exceptions.RequestException,
    google.auth.exceptions.TransportError,
    ChecksumError,
    ConnectionError,
    TimeoutError,
)
_CREDENTIALS = "Set GOOGLE_APPLICATION_CREDENTIALS or the machine's service account, here and on every node"
_DENIED = "The account needs to list, get, create and delete objects there; see docs/storage.md"


class _NoBucket(Exception):
    """The bucket is not there, as far as this account can see."""


class GcsRequests:
    """See `Requests`. `answer` is how many seconds a request may take."""

    def __init__(self, answer: float, part_bytes: int = PART_BYTES, page_size: int = 1000) -> None:
        timeout = aiohttp.ClientTimeout(total=None, connect=min(answer, 10.0), sock_read=answer)
        self._fs = GCSFileSystem(requests_timeout=timeout, use_listings_cache=False, skip_instance_cache=True)
        self._part_bytes, self._page_size = part_bytes, page_size

    def get(self, path: str) -> bytes:
        _, data = self._fs.call("GET", "b/{}/o/{}", *_split(path), alt="media")
        return bytes(data)

    def put(self, path: str, data: bytes, nonce: str) -> None:
        self._upload(path, data, nonce, "overwrite")

    def put_new(self, path: str, data: bytes, nonce: str) -> None:
        self._upload(path, data, nonce, "create")

    def nonce(self, path: str) -> str:
        found: Mapping[str, Any] = self._fs.call("GET", "b/{}/o/{}", *_split(path), json_out=True)
        return str(found.get("metadata", {}).get(NONCE, ""))

    def page(self, folder: str, following: str | None, *, deep: bool) -> Page:
        bucket, key = _split(folder)
        prefix = f"{key}/" if key else ""
        more = {"pageToken": following} if following is not None else {}
        if not deep:
            more["delimiter"] = "/"
        try:
            answer = self._fs.call(
                "GET", "b/{}/o", bucket, prefix=prefix, maxResults=self._page_size, json_out=True, **more
            )
        except FileNotFoundError as error:
            raise _NoBucket(bucket) from error
        return Page(
            paths=[f"{bucket}/{found['name']}" for found in answer.get("items", ()) if found["name"][-1] != "/"],
            folders=[found.removeprefix(prefix).rstrip("/") for found in answer.get("prefixes", ())],
            following=answer.get("nextPageToken"),
        )

    def remove(self, path: str) -> None:
        self._fs.call("DELETE", "b/{}/o/{}", *_split(path))

    def diagnose(self, error: Exception) -> Diagnosis:
        text = redact(str(error).strip().partition("\n")[0] or type(error).__name__)
        if isinstance(error, HttpError):
            return _answered(int(error.code or 0), text)
        for kinds, fault, words in _MEANINGS:
            if isinstance(error, kinds):
                return Diagnosis(fault, words.format(text))
        if isinstance(error, OSError) and text.startswith("Forbidden"):
            return Diagnosis(Fault.LASTING, f"access is denied ({text}). {_DENIED}")
        return Diagnosis(Fault.LASTING, f"the request cannot be made ({text})")

    def _upload(self, path: str, data: bytes, nonce: str, mode: str) -> None:
        try:
            self._fs.pipe_file(path, data, metadata={NONCE: nonce}, chunksize=self._part_bytes, mode=mode)
        except FileNotFoundError as error:
            raise _NoBucket(path.partition("/")[0]) from error


# Exceptions, their fault and words for people; the first that fits.
_MEANINGS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], Fault, str], ...] = (
    (_NoBucket, Fault.LASTING, "the bucket {} does not exist. Create it, or correct `storage`"),
    (FileNotFoundError, Fault.ABSENT, "{}"),
    (FileExistsError, Fault.THERE, "{}"),
    (google.auth.exceptions.DefaultCredentialsError, Fault.LASTING, f"no usable credentials ({{}}). {_CREDENTIALS}"),
    (_PASSING, Fault.PASSING, "{}"),
)


def _answered(code: int, text: str) -> Diagnosis:
    if code in {408, 409, 429} or code >= 500:
        return Diagnosis(Fault.PASSING, text)
    if code == 412:
        return Diagnosis(Fault.THERE, text)
    if code == 401:
        return Diagnosis(Fault.LASTING, f"no usable credentials ({text}). {_CREDENTIALS}")
    return Diagnosis(Fault.LASTING, f"the store refuses ({text})")


def _split(path: str) -> tuple[str, str]:
    bucket, _, key = path.partition("/")
    return bucket, key
