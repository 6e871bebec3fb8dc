"""The Mosquitto that enforces the contract: its configuration, rendered."""
