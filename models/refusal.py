"""Why a file was not taken."""

from typing import Literal

Reason = Literal[
    "none", "empty", "too_big", "type", "damaged", "password", "too_many", "unsafe", "virus", "failed"
]


class FileRefusedError(ValueError):
    """A file was not taken. `reason` is the text key errors.file.<reason>."""

    def __init__(self, reason: Reason) -> None:
        """Keep the reason; nothing of the file is repeated."""
        super().__init__(f"The file was refused: {reason}.")
        self.reason: Reason = reason
