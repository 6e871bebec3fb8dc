"""一件办理: a case from the packet that opens it to the result that is handed over."""
