"""The custom resources: pydantic models, and the CRDs that are generated from them."""
