"""Places in object stores for tests: each one is a fresh prefix."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from datetime import timedelta

import pytest

from reconciler.backends.object_storage import address
from reconciler.backends.object_storage.backend import ObjectStorageBackend
from reconciler.backends.object_storage.requests import Access, Requests
from reconciler.backends.object_storage.sweeping import AGE
from reconciler.errors import StateError

BUCKET = "bkt"
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "testtest", "AWS_REGION": "us-east-1"}


class ObjectStorageSite:
    """A fresh prefix in a store at `endpoint`."""

    ttl = 2.0

    def __init__(
        self, endpoint: str, *, scheme: str = "s3", environ: Mapping[str, str] = KEYS, age: timedelta = AGE
    ) -> None:
        pytest.importorskip("obstore", reason="needs the extra [object-storage]")
        self.endpoint = endpoint
        self.url = f"{scheme}://{BUCKET}/tests/{uuid.uuid4().hex}"
        self.environ = dict(environ)
        self.age = age

    @property
    def settings(self) -> dict[str, str]:
        """The section `state:` of a manifest."""
        return {"url": self.url, "endpoint": self.endpoint}

    def open(self) -> ObjectStorageBackend:
        """One more client."""
        return ObjectStorageBackend(self.access(), ttl=self.ttl, keep=3, age=self.age)

    def access(self) -> Access:
        """The store, for tests that look at the objects."""
        return address.access(self.url, endpoint=self.endpoint, environ=self.environ)

    def requests(self) -> Requests:
        """Requests of one more client."""
        return Requests(self.access())

    def through(self, endpoint: str) -> ObjectStorageSite:
        """The same place, reached through another endpoint: a proxy."""
        other = ObjectStorageSite(endpoint, environ=self.environ, age=self.age)
        other.url = self.url
        return other


def wait_until_it_answers(site: ObjectStorageSite, seconds: float = 60) -> None:
    """Waits until the store can write: a port that listens does not mean that."""
    end = time.monotonic() + seconds
    while True:
        try:
            site.requests().overwrite("ready", b"", tries=1)
        except StateError:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)
        else:
            return
