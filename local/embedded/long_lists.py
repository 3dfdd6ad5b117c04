"""Keeps lists of large buckets quick. For each page of a list, MiniStack alone reads and sorts all objects of the bucket. With
100,000 objects a page takes some 50 ms, and MiniStack answers no other request meanwhile. The answers stay the same.
"""

import threading
from bisect import bisect_left, bisect_right, insort

from ministack.services import s3

# Up to this number of new keys are inserted one by one. If there are more, all keys are sorted again.
INSERTED = 500
# This character sorts after every character that a key may contain.
BEHIND = "\U0010ffff"


class Objects(dict):
    """The objects of a bucket, by key. It also stores the keys in order."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._lock = threading.Lock()
        self._ordered = sorted(self)
        self._new = set()
        self._gone = set()

    def in_order(self) -> list:
        """All keys, as S3 lists them. Not to be changed by the caller."""
        with self._lock:
            if self._gone:
                gone = self._gone
                self._gone = set()
                self._ordered = [key for key in self._ordered if key not in gone]
            if len(self._new) > INSERTED:
                self._ordered = sorted([*self._ordered, *self._new])
            else:
                for key in self._new:
                    insort(self._ordered, key)
            self._new = set()
            return self._ordered

    def __setitem__(self, key, value):
        with self._lock:
            if key not in self:
                # The key existed before, and its position is still stored.
                if key in self._gone:
                    self._gone.discard(key)
                else:
                    self._new.add(key)
            super().__setitem__(key, value)

    def __delitem__(self, key):
        with self._lock:
            super().__delitem__(key)
            self._forget(key)

    def pop(self, key, *default):
        with self._lock:
            if key in self:
                self._forget(key)
            return super().pop(key, *default)

    def setdefault(self, key, default=None):
        if key not in self:
            self[key] = default
        return self[key]

    def update(self, *args, **kwargs):
        for key, value in dict(*args, **kwargs).items():
            self[key] = value

    def __ior__(self, other):
        self.update(other)
        return self

    def popitem(self):
        raise NotImplementedError("MiniStack takes no object at random")

    def clear(self):
        with self._lock:
            super().clear()
            self._ordered, self._new, self._gone = [], set(), set()

    def _forget(self, key):
        if key in self._new:
            self._new.discard(key)
        else:
            self._gone.add(key)


def keep_long_lists_quick() -> None:
    """Call it once, before the server starts."""
    ensure = s3._ensure_bucket
    collect = s3._collect_list_entries

    def ensure_in_order(name):
        bucket = ensure(name)
        if bucket is not None and not isinstance(bucket["objects"], Objects):
            bucket["objects"] = Objects(bucket["objects"])
        return bucket

    def collect_page(objects, prefix, delimiter, max_keys, start_after):
        if not isinstance(objects, Objects):
            return collect(objects, prefix, delimiter, max_keys, start_after)
        return page(objects.in_order(), prefix, delimiter, max_keys, start_after)

    s3._ensure_bucket = ensure_in_order
    s3._collect_list_entries = collect_page


def page(keys: list, prefix: str, delimiter: str, max_keys: int, start_after: str):
    """Returns one page: its keys, its common prefixes, whether more follow, and where the next page begins."""
    contents, prefixes, last = [], [], ""
    at = max(bisect_left(keys, prefix), bisect_right(keys, start_after) if start_after else 0)
    while at < len(keys) and keys[at].startswith(prefix):
        key = keys[at]
        end = key.find(delimiter, len(prefix)) if delimiter else -1
        row = key if end < 0 else key[: end + len(delimiter)]
        # A common prefix represents all of its keys. The last page may have ended with it.
        at = at + 1 if end < 0 else bisect_right(keys, row + BEHIND, at)
        if start_after and row <= start_after:
            continue
        if len(contents) + len(prefixes) == max_keys:
            return contents, prefixes, True, last
        (contents if end < 0 else prefixes).append(row)
        last = row
    return contents, prefixes, False, last
