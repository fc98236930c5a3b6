"""Dataset → Change: two or more visits of a patient aligned, their lesions matched, and what has become of them."""
