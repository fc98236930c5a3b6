"""Plan, weights and case → Prediction, in bounded memory."""
