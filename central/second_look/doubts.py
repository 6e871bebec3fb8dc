"""What the second look may say of a page, one stable code each; the words stand in web/words.py and the edge."""

from __future__ import annotations

from enum import StrEnum


class Doubt(StrEnum):
    """Points something out; decides nothing. The paper may be right: a spouse's card lies beside one's own."""

    OTHER_NUMBER = "other-number"  # an ID number stands on the page, and none is the ticket's
    OTHER_NAME = "other-name"  # a name stands where the holder's stands, and it is not the ticket's
    OTHER_MATERIAL = "other-material"  # the page looks like another paper than the one it is filed as
    NO_PRINT = "no-print"  # nothing can be read where print is expected
    UNREAD = "unread"  # the picture could not be looked at
