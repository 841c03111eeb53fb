"""A cadence that changes for good is told once: from when on a silence may be that, and how long the next has to be."""

from checks.learn.keys import DAY

# A silence is told again once it is clearly longer than the one before, which the jitter of a new rhythm is not.
_LONGER = 1.5
# Of a schedule of days that holds beyond five of them, when it has become one of weeks: shorter ones recur, but where
# none was missed for two months two in a row are enough. Of slower and of quicker ones it takes as many periods as make
# an outage of one or two unlikely.
_NEW_RHYTHM, STEADY, _NEW_SLOW, _NEW_QUICK = 5 * DAY, 56 * DAY, 2.5, 3.0
# Weeks and slower ones have become others with the first that is missed, every other week being the next.
WEEK, _NEW_WEEKS = 7 * DAY, 1.7
# What a cadence changes to: a week, two, a month, a quarter, a half, a year; each comes a tenth of it late at the most.
_RHYTHMS, _PART_LONGER = (7 * DAY, 14 * DAY, 31 * DAY, 92 * DAY, 184 * DAY, 366 * DAY), 1.1


def new_rhythm(cadence: float, *, is_steady: bool) -> float:
    """Return the seconds of a told silence beyond which a schedule of this cadence may have changed for good."""
    if cadence < DAY:
        return _NEW_QUICK * cadence
    if cadence >= WEEK:
        return _NEW_WEEKS * cadence
    return max(_NEW_SLOW * cadence, 0.0 if is_steady else _NEW_RHYTHM)


def longer(told: float) -> float:
    """Return how long the next silence has to be, after one that was told, until the rhythm is back.

    A cadence changes in the middle of a period: the first silence of it may be a part of a month or a quarter.
    """
    whole = next((each for each in _RHYTHMS if each >= told), 0.0) if told > _NEW_SLOW * DAY else 0.0
    return max(_LONGER * told, _PART_LONGER * whole)


def is_back(gap: float, usual: float, told: float) -> bool:
    """Return whether a gap in time says that the rhythm is back, after a silence of so many seconds that was told.

    One that is nearly as long as that silence, and longer than usual, is of a new rhythm as likely: where quarters of
    hours become hours, each hour may be hardly in time.
    """
    return gap <= max(_PART_LONGER * usual, told / _LONGER)
