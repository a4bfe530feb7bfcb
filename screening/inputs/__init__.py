"""What comes from elsewhere, read as ours."""
