"""A storage whose process dies at a chosen change."""

from __future__ import annotations

from pipeline.storage import Storage


class Death(BaseException):
    """The process is gone: nothing catches this."""


class Mortal(Storage):
    """Dies at the `death`-th change of the storage, just before it or just after it, and then for ever."""

    def __init__(self, url: str, death: int, after: bool) -> None:
        super().__init__(url)
        self.changes, self.death, self.after = 0, death, after

    def write(self, key: str, data: bytes) -> None:
        with_death = self.count()
        super().write(key, data)
        self.die(with_death)

    def create(self, key: str, data: bytes) -> bool:
        with_death = self.count()
        made = super().create(key, data)
        self.die(with_death)
        return made

    def delete(self, key: str) -> None:
        with_death = self.count()
        super().delete(key)
        self.die(with_death)

    def count(self) -> bool:
        self.changes += 1
        if self.changes > self.death or (self.changes == self.death and not self.after):
            raise Death
        return self.changes == self.death

    def die(self, now: bool) -> None:
        if now:
            raise Death
