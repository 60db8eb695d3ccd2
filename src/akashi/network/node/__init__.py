"""One CometBFT node beside us: where its program is, how it is set up, started, watched and asked."""
