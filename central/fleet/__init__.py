"""The units: who may speak, how they are, what they are told when they connect."""
