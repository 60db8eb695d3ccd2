"""Other people's formats read into neutral records: 日医特定健診, FKAC522, our own standard CSV; and telling formats.

Guarantees: every reader goes forward once over a stream that it is handed, within its limits, and raises nothing but
our own errors; a bad cell is a finding, an unknown field stays among the originals. Refuses: guessing what a field
means that no public source explains (docs/checkup-readers.md says which).
"""
