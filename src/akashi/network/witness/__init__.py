"""The witness of another organisation: a small program that cosigns checkpoints, and the client that asks it (C2SP tlog-witness)."""
