"""The application side of CometBFT's ABCI 2.0: the wire codec, the messages of v0.38, a server on a Unix socket."""
