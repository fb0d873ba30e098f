"""Fine-tuning: a dataset version becomes an adapter, and the adapter arrives as a draft."""
