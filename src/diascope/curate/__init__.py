"""Files → Dataset: recognise layouts, check, find copies, split by patient."""
