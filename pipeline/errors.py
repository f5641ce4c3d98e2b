"""The errors a person sees. Each message says what is wrong and what to do; the command line prints it and exits 2."""


class UserError(ValueError):
    """Something the user can mend: a spec, a path, an option. Raised before anything is written."""


class StorageError(UserError):
    """The storage cannot be read or written as asked."""


class StorageUnavailable(OSError):
    """An object store does not answer, or refuses. No UserError: while a sweep runs it may pass, and is charged as
    infrastructure. The command line shows it like one."""


class CorruptResult(StorageError):
    """A committed file is not what its commit says: storage has lost or changed data."""


class LeaseHeld(UserError):
    """Another live driver runs this sweep."""


class Fenced(RuntimeError):
    """A newer driver has taken this sweep over; this one must stop without writing another fact."""
