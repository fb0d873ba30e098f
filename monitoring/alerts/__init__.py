"""Rules over logs and scores, the alerts that they raise, and the channels that tell people."""
