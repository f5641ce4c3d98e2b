"""S3 and what speaks its language, through s3fs. The only module that imports it.

Keys, region and endpoint come from where the AWS tools have them: the environment (AWS_ACCESS_KEY_ID, AWS_ENDPOINT_URL
and so on), profiles, the instance's role. A create is a PUT, or the end of a multipart upload, with
`If-None-Match: *`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ConnectionError as EndpointError
from botocore.exceptions import (
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
)
from botocore.parsers import ResponseParserError
from s3fs import S3FileSystem

from pipeline.secrets import redact
from pipeline.stores.requests import NONCE, Diagnosis, Fault, Page

PART_BYTES = 50 * 2**20  # of a multipart upload, which begins at twice this
_PARTS = 8  # of one upload at once

_PASSING = {
    "BadDigest",
    "ConditionalRequestConflict",
    "IncompleteBody",
    "InternalError",
    "NoSuchUpload",  # a multipart upload whose end was answered into the void, or that was cleaned away
    "OperationAborted",
    "PriorRequestNotComplete",
    "RequestLimitExceeded",
    "RequestTimeout",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequests",
    "XAmzContentSHA256Mismatch",
}
_CREDENTIALS = (
    "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or the machine's role, here and on every node"
)

_DENIED = "The credentials need to list, get, put and delete there; see docs/storage.md"

# Fault, error codes, HTTP statuses and words for people; the first that fits.
_MEANINGS: tuple[tuple[Fault, set[str], set[int], str], ...] = (
    (Fault.LASTING, {"NoSuchBucket"}, set(), "the bucket does not exist ({}). Create it, or correct `storage`"),
    (Fault.THERE, {"PreconditionFailed"}, {412}, "{}"),
    (Fault.UNCONDITIONAL, {"NotImplemented"}, {501}, "{}"),
    (Fault.PASSING, _PASSING, {408, 409, 429}, "{}"),
    (
        Fault.LASTING,
        {"ExpiredToken", "InvalidToken", "TokenRefreshRequired"},
        set(),
        f"the credentials have expired ({{}}). {_CREDENTIALS}",
    ),
    (Fault.ABSENT, set(), {404}, "{}"),
    (Fault.LASTING, set(), {401, 403}, f"access is denied ({{}}). {_DENIED}"),
)


class S3Requests:
    """See `Requests`. `answer` is how many seconds a connection may be silent."""

    def __init__(self, answer: float, part_bytes: int = PART_BYTES, page_size: int = 1000) -> None:
        config = {
            "connect_timeout": min(answer, 10.0),
            "read_timeout": answer,
            "retries": {"mode": "standard", "total_max_attempts": 1},
        }
        # An instance of its own: `pipeline.stores.objects` alone repeats requests, other users of s3fs are not to lose
        # its repeats.
        self._fs = S3FileSystem(
            config_kwargs=config,
            max_concurrency=1,  # of a read, which so is one request: parts could be of two objects, were it replaced
            use_listings_cache=False,
            skip_instance_cache=True,
        )
        self._fs.retries = 1
        self._part_bytes, self._page_size = part_bytes, page_size

    def get(self, path: str) -> bytes:
        data: bytes = self._fs.cat_file(path)
        return data

    def put(self, path: str, data: bytes, nonce: str) -> None:
        self._upload(path, data, nonce)

    def put_new(self, path: str, data: bytes, nonce: str) -> None:
        self._upload(path, data, nonce, mode="create")

    def nonce(self, path: str) -> str:
        metadata: Mapping[str, str] = self._call("head_object", path)["Metadata"]
        return metadata.get(NONCE, "")

    def page(self, folder: str, following: str | None, *, deep: bool) -> Page:
        bucket, _, key = folder.partition("/")
        prefix = f"{key}/" if key else ""
        more = {"ContinuationToken": following} if following is not None else {}
        if not deep:
            more["Delimiter"] = "/"
        answer = self._fs.call_s3("list_objects_v2", Bucket=bucket, Prefix=prefix, MaxKeys=self._page_size, **more)
        return Page(
            paths=[f"{bucket}/{found['Key']}" for found in answer.get("Contents", ()) if found["Key"][-1] != "/"],
            folders=[found["Prefix"].removeprefix(prefix).rstrip("/") for found in answer.get("CommonPrefixes", ())],
            following=answer["NextContinuationToken"] if answer.get("IsTruncated") else None,
        )

    def remove(self, path: str) -> None:
        self._call("delete_object", path)

    def diagnose(self, error: Exception) -> Diagnosis:
        response = getattr(error, "response", None) or getattr(error.__cause__, "response", None)
        if isinstance(response, Mapping) and "Error" in response:
            return _answered(response)
        text = redact(_line(error))
        if isinstance(error, NoCredentialsError | PartialCredentialsError | ProfileNotFound):
            return Diagnosis(Fault.LASTING, f"no usable credentials ({text}). {_CREDENTIALS}")
        passing = HTTPClientError | EndpointError | IncompleteReadError | ResponseParserError | OSError
        if isinstance(error, passing) or type(error).__module__.startswith("aiohttp"):
            return Diagnosis(Fault.PASSING, text)
        return Diagnosis(Fault.LASTING, f"the request cannot be made ({text})")

    def _upload(self, path: str, data: bytes, nonce: str, **mode: str) -> None:
        metadata = {NONCE: nonce}
        self._fs.pipe_file(path, data, chunksize=self._part_bytes, max_concurrency=_PARTS, Metadata=metadata, **mode)

    def _call(self, method: str, path: str) -> Any:
        bucket, _, key = path.partition("/")
        return self._fs.call_s3(method, Bucket=bucket, Key=key)


def _answered(response: Mapping[str, Any]) -> Diagnosis:
    """What an answer with an error code means. HEAD has no body, so its codes are numbers."""
    code, message = str(response["Error"].get("Code", "")), redact(str(response["Error"].get("Message", "")).strip())
    status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    text = f"{code}: {message}" if message else code
    for fault, codes, statuses, words in _MEANINGS:
        if code in codes or status in statuses:
            return Diagnosis(fault, words.format(text))
    if status >= 500:
        return Diagnosis(Fault.PASSING, text)
    return Diagnosis(Fault.LASTING, f"the store refuses ({text})")


def _line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
