"""The command line: thin commands over the use cases of ``app``. One command is one file of at most 80 lines."""
