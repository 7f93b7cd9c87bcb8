"""The base of all models: frozen, camelCase outside, docstrings under fields as descriptions."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class Part(BaseModel):
    """A part of a custom resource."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",  # an object stored by a newer version must still parse
        alias_generator=to_camel,
        populate_by_name=True,
        use_attribute_docstrings=True,
    )


class Shape(Part):
    """A part that only the schema and the strict parsing of files know."""

    model_config = ConfigDict(extra="forbid", defer_build=True)


# The API server takes no "3" for 3 and no "yes" for true, so neither does parsing.
Int = Annotated[int, Field(strict=True)]
Bool = Annotated[bool, Field(strict=True)]
Json = dict[str, Any]
