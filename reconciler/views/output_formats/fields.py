"""The fields of a row in a file for applications.

Without the status: every row of such a file can be used, and a status that time alone changes would write it again.
"""

from __future__ import annotations

from reconciler.model.outputs import Output, Row, SoundOutput

Field = str | dict[str, str] | None


def fields(row: Row) -> dict[str, Field]:
    """Name -> value, in the order in which they are written."""
    match row:
        case Output():
            return {
                "voice_id": row.voice_id,
                "previous_voice_id": row.previous_voice_id,
                "voice_name": row.voice_name,
                "provider": row.provider,
                "labels": row.labels,
            }
        case SoundOutput():
            return {
                "url": row.url,
                "file_id": row.file_id,
                "expires_at": row.expires_at.isoformat() if row.expires_at is not None else None,
                "provider": row.provider,
            }


def without_no_previous(row: Row) -> dict[str, Field]:
    """The fields, without `previous_voice_id` where there is none."""
    return {name: given for name, given in fields(row).items() if name != "previous_voice_id" or given is not None}
