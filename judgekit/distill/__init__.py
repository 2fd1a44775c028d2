"""LEARNING: from labels and reasons to a judge; here, a local student model."""
