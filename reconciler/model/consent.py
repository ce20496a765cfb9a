"""The consent of the person whose voice it is, as an entry declares it. It is not kept in the state."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal, Self

from pydantic import Field, PlainValidator, WithJsonSchema, model_validator

from reconciler.model.base import Frozen


def _day(given: object) -> date:
    try:
        if isinstance(given, str) and len(given) == len("2027-01-31"):
            return date.fromisoformat(given)
    except ValueError:
        pass
    raise ValueError("should be a day, written as 2027-01-31")


Day = Annotated[date, PlainValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]


class Consent(Frozen):
    """Who agreed to this voice, where that is written down, and how long it holds."""

    owner: str = Field(min_length=1, max_length=200, description="The person whose voice it is.")
    document: str = Field(default="", max_length=1024, description="Where the consent is written down.")
    expires: Day | None = Field(default=None, description="The last day on which it holds, in UTC.")
    when_expired: Literal["error", "delete"] = Field(
        default="error",
        description="error: block the entry and keep its voice. delete: delete the voice, and do not make it again.",
    )

    @model_validator(mode="after")
    def _can_expire(self) -> Self:
        if self.expires is None and "when_expired" in self.model_fields_set:
            raise ValueError("when_expired needs expires, the last day of the consent")
        return self

    def has_expired(self, now: datetime) -> bool:
        """Whether it no longer holds. `now` is in UTC; the whole day of `expires` is included."""
        return self.expires is not None and now.date() > self.expires
