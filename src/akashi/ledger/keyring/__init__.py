"""Keys of record: how the state keeps them, and how a person approves with theirs."""
