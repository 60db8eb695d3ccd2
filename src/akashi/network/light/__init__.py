"""Verification of what CometBFT committed, without believing the node: header, validators, votes, transactions."""
