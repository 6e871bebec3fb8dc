"""The pages of central: hall board, desks, pickup window, administrator. Live by server-sent events."""
