"""Builds the container images: the operator's, and the sample app's.

`docker build` may have no network here, so everything from a package registry is fetched outside,
checked against its locked hash, and copied in. An image's tag carries a hash of all that it is made
of: what is there already is never built again.
"""

from image.example import Example
from image.operator_image import OperatorImage

__all__ = ["Example", "OperatorImage"]
