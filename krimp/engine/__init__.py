"""The month, recording, checkpoints and runs."""
