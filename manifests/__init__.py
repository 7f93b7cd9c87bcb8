"""The files that users apply with kubectl, and what keeps them and the chart in step with the API.

`python -m manifests` writes what is generated, with `--check` it fails where that drifted: the
chart's copy of the CRDs, the one-file install rendered from the chart, the chart's README.
"""
