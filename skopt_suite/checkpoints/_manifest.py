"""What a folder says that it is a checkpoint of, so that nothing else goes on from it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from skopt_suite.checkpoints._files import replaced

_NAME = "checkpoint.json"
_WHAT = "skopt_suite checkpoint"
_FORMAT = 1


class Manifest:
    """The JSON file of a folder.

    Parameters
    ----------
    path : Path
        The folder; it need not be there. `ValueError` if it is no checkpoint's.
    owner : str
        Whose parameter ``checkpoint`` it is, for errors.
    starts_anew : bool
        Whether what the folder has of another fit is removed.
    """

    def __init__(self, path: Path, owner: str, starts_anew: bool = False) -> None:
        self.path, self.owner, self.starts_anew = path, owner, starts_anew
        self.written = self._read()

    @property
    def kind(self) -> str:
        """What errors call it."""
        return "search" if "search" in self.written["of"] else "fit"

    @property
    def drawn(self) -> dict[str, Any]:
        """What was drawn when the folder was made; empty if it is not."""
        return self.written.get("drawn", {})

    def begin(self, described: Mapping[str, str], drawn: Mapping[str, Any]) -> None:
        """Make the folder of what is described, or raise `ValueError` if it is another's."""
        differing = self._differing(described) if self.written else []
        if differing and self.starts_anew:
            shutil.rmtree(self.path, ignore_errors=True)
        if not self.written or (differing and self.starts_anew):
            self._make(described, drawn)
        elif differing:
            raise ValueError(
                f"{self.named()} is of another {self.kind}: {'; '.join(differing)}. Name another "
                "folder, or remove this one."
            )

    def _read(self) -> dict[str, Any]:
        try:
            with (self.path / _NAME).open(encoding="utf-8") as file:
                return self._checked(json.load(file))
        except FileNotFoundError:
            self._refuse_what_is_there()
        except NotADirectoryError:
            raise ValueError(f"{self.named()} is no folder: it is a file, or in one.") from None
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise ValueError(f"{self.named()}: {_NAME} is damaged: {error}.") from error
        except OSError as error:
            raise self._unusable(error) from error
        return {}

    def _checked(self, written: Any) -> dict[str, Any]:
        if not isinstance(written, dict) or written.get("what") != _WHAT:
            raise ValueError(f"{self.named()} has a {_NAME} that is not of skopt_suite.")
        kinds = {"format": int, "of": dict, "drawn": dict}
        if not all(isinstance(written.get(name), kind) for name, kind in kinds.items()):
            raise ValueError(f"{self.named()}: {_NAME} is damaged: it is not what was written.")
        if written["format"] > _FORMAT:
            raise ValueError(f"{self.named()} was written by a newer version of skopt_suite.")
        return written

    def _refuse_what_is_there(self) -> None:
        """Raise if there is something else than an empty folder."""
        try:
            other = next(self.path.iterdir(), None)
        except FileNotFoundError:
            return
        except OSError as error:
            raise self._unusable(error) from error
        if other is not None and not other.name.startswith(_NAME):
            raise ValueError(
                f"{self.named()} is a folder of something else, there is {other.name!r} in it; "
                "name a new one."
            )

    def _make(self, described: Mapping[str, str], drawn: Mapping[str, Any]) -> None:
        written = {"what": _WHAT, "format": _FORMAT, "of": dict(described), "drawn": dict(drawn)}
        text = json.dumps(written, indent=1).encode()
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._write(text)
        except OSError as error:
            if not self.starts_anew:  # else what cannot be written there warns
                raise self._unusable(error) from error
        self.written = json.loads(text)

    def _write(self, text: bytes) -> None:
        try:
            with replaced(self.path / _NAME, is_first=True) as file:
                file.write(text)
        except FileExistsError as error:
            raise ValueError(
                f"{self.named()} is in use: another one has begun there since this one was called. "
                "Name another folder."
            ) from error

    def _differing(self, described: Mapping[str, str]) -> list[str]:
        before, now = self.written["of"], described
        names = [*before, *(name for name in now if name not in before)]
        return [
            f"{name} was {before.get(name, 'not there')} and is {now.get(name, 'not there')}"
            for name in names
            if before.get(name) != now.get(name)
        ]

    def named(self) -> str:
        """Return how errors begin."""
        return f"{self.owner}: checkpoint={str(self.path)!r}"

    def _unusable(self, error: OSError) -> ValueError:
        return ValueError(f"{self.named()} cannot be used: {error}.")
