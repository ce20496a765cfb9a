"""A process that locks a state in object storage, appends words, folds them and releases, until it is killed.

Run as `python -m tests.support.object_storage_writer ENDPOINT URL LOG NAME`. It writes a line to LOG for each word
whose append has returned, and one for each time that it was fenced.
"""

from __future__ import annotations

import os
import random
import sys
import time
from pathlib import Path

from reconciler.errors import Fenced, StateConflict, StateDamaged, StateLocked
from reconciler.protocols.backend import Stamp
from tests.support.engines.object_storage import ObjectStorageSite
from tests.support.lock_holders import elsewhere, here

TTL = 1.0


def main(endpoint: str, url: str, log: str, name: str) -> None:
    site = ObjectStorageSite(endpoint)
    site.url, site.ttl = url, TTL
    written = os.open(Path(log), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def note(kind: str, word: str) -> None:
        os.write(written, f"{kind} {word}\n".encode())

    # Half of the writers can be proven dead, the leases of the others must run out.
    info = here(os.getpid(), name) if random.random() < 0.5 else elsewhere(name, who=f"{name}@elsewhere")
    number = 0
    while True:
        backend = site.open()
        try:
            with backend.lock(info):
                blob = backend.read()
                version = None if blob is None else blob.version
                words = [] if blob is None else [*blob.data.split(), *blob.entries]
                serial = len(words)
                for _ in range(random.randint(1, 5)):
                    number += 1
                    word = f"{name}-{number}"
                    version = backend.append([word.encode()], version, Stamp("abcdef12", serial := serial + 1))
                    note("word", word)
                    words.append(word.encode())
                    time.sleep(random.choice((0.0, 0.02, 0.2)))  # so that it is stopped while it holds the lock
                if random.random() < 0.5:
                    backend.write(b" ".join(words), version, Stamp("abcdef12", serial))
        except StateLocked:
            time.sleep(random.uniform(0.02, 0.2))
        except Fenced:
            note("fenced", name)
        except StateDamaged:
            note("damaged", name)
            raise
        except StateConflict:
            note("conflict", name)


if __name__ == "__main__":
    main(*sys.argv[1:])
