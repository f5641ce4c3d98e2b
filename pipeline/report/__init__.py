"""The report of a sweep: one folder with a page that opens from disk, without a server and without a network.

collect (frames -> plain data), pages (plain data -> HTML and scripts), strips (renders -> pictures), folder (all of it
into place at once). `make_report` in `make` is the whole line.
"""
