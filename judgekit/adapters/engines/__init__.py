"""What completes a request. Each module is one engine; litellm is imported in its own module only."""
