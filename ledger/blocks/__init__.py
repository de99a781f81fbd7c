"""CometBFT 0.38's blocks, as far as a proof needs them: headers, commits, validator sets, and how they are hashed."""
