"""What production is worth: logs sampled and scored as they come, and the figures that dashboards draw."""
