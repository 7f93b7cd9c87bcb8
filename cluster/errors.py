"""The one error of this package: a sentence for a person, never a traceback."""


class ClusterError(Exception):
    """What went wrong and what to do about it, in one sentence.

    ``detail`` holds the end of the failing program's output, where there is one.
    """

    def __init__(self, message: str, detail: str = "") -> None:
        super().__init__(message)
        self.detail = detail
