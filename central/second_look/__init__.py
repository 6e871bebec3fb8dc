"""The second look: what a page says, read by machine after it is in the book, beside what the case says.

    case without a look ─► page_reader (pixels ─► lines) ─► person, likeness (lines ─► doubts) ─► looker ─► the book

A process of its own at the lowest priority. Nothing waits for it; without it the hall runs the same.
"""
