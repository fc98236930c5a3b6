"""What images are made of: acquisition, anatomy and its variation, without files."""
