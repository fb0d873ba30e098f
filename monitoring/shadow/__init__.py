"""Shadows: a candidate commit answers a sample of the live requests, unseen, and is compared with what was answered."""
