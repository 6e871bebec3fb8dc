"""The unit's own pages: what the clerk, the resident at the kiosk and the technician see and press."""
