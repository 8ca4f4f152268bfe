"""Splits: what is learned from and what is judged, as positions on one axis of two hundred bars."""

import numpy as np

from leaks.case import clean, leak

ROOM = "splits"
T, H = 200, 5
BAR = np.arange(T)


def _told(train, test, known=None, **more):
    return {"train": train, "test": test, "anchor": BAR, "known": BAR + H if known is None else known, **more}


@leak(ROOM, "a cut by date and nothing else: the last labels end in the test range", kind="split")
def unpurged():
    return _told(BAR < 120, BAR >= 121)


@clean(ROOM, "a cut with a purge of just the horizon", kind="split")
def purged():
    return _told(BAR < 120, BAR >= 125)


@leak(ROOM, "a purge too short by one bar", kind="split")
def purged_one_too_few():
    return _told(BAR < 120, BAR >= 124)


@leak(ROOM, "train_test_split(shuffle=True)", kind="split")
def shuffled():
    order = np.random.default_rng(0).permutation(T)
    return _told(order[:160], order[160:])


@clean(ROOM, "batches shuffled within the training range", kind="split")
def shuffled_within_training():
    generator = np.random.default_rng(0)
    return _told(generator.permutation(120), generator.permutation(np.arange(130, T)))


@leak(ROOM, "KFold without shuffling: later folds teach about the middle one", kind="split")
def k_fold():
    test = (BAR >= 80) & (BAR < 120)
    return _told(~test, test)


@clean(ROOM, "a fold that walks forward", kind="split")
def walk_forward_fold():
    return _told(BAR < 75, (BAR >= 80) & (BAR < 120))


@leak(ROOM, "an embargo that was declared and not kept", kind="split")
def embargo_not_kept():
    return _told(BAR < 120, BAR >= 130, embargo=10)


@clean(ROOM, "an embargo that was declared and kept", kind="split")
def embargo_kept():
    return _told(BAR < 120, BAR >= 135, embargo=10)


@leak(ROOM, "one sample in both, by an inclusive slice", kind="split")
def shared_sample():
    return _told(np.arange(0, 121), np.arange(120, T), known=BAR)


@leak(ROOM, "bars of a suspended share counted as rows: labels end later than five rows say", kind="split")
def purged_by_rows_over_a_suspension():
    known = BAR + H
    known[110:118] += 12
    return _told(BAR < 118, BAR >= 123, known=known)


@clean(ROOM, "the same suspension, purged by when each label is known", kind="split")
def purged_by_known_over_a_suspension():
    known = BAR + H
    known[110:118] += 12
    return _told((BAR < 118) & (known < 123), BAR >= 123, known=known)


@leak(ROOM, "purged by the span of the label, its lag forgotten", kind="split")
def purged_without_the_lag():
    return _told(BAR < 120, BAR >= 125, known=BAR + H + 1)


@clean(ROOM, "purged by lag and span", kind="split")
def purged_with_the_lag():
    return _told(BAR < 120, BAR >= 126, known=BAR + H + 1)


@leak(ROOM, "shares parted by name, days in both: as several published studies hold out", kind="split")
def by_share():
    day = np.repeat(np.arange(50), 4)
    share = np.tile(np.arange(4), 50)
    return {"train": share < 3, "test": share == 3, "anchor": day, "known": day + 5}


@clean(ROOM, "shares parted by name and by time: some judge later, on names never seen", kind="split")
def by_share_and_time():
    day = np.repeat(np.arange(50), 4)
    share = np.tile(np.arange(4), 50)
    return {"train": (share < 3) & (day < 25), "test": (share == 3) & (day >= 30), "anchor": day, "known": day + 5}


@leak(ROOM, "a validation range after the test range, watched by early stopping", kind="split")
def validated_after_the_test():
    return _told((BAR < 100) | (BAR >= 170), (BAR >= 110) & (BAR < 160))


@clean(ROOM, "windows of the first test days look back into training: inputs may", kind="split")
def inputs_reach_into_training():
    return _told(BAR < 120, BAR >= 125, first_input=BAR - 29)


@leak(ROOM, "every tenth bar held out", kind="split")
def every_tenth():
    return _told(BAR % 10 != 0, BAR % 10 == 0)


@clean(ROOM, "every fifth bar learned from, so that labels do not overlap, and a range to judge after it", kind="split")
def every_fifth_learned():
    return _told((BAR % 5 == 0) & (BAR < 120), BAR >= 121)


@clean(ROOM, "a rolling window that forgets the oldest bars, with more distance than is needed", kind="split")
def rolling_window():
    return _told((BAR >= 40) & (BAR < 100), (BAR >= 120) & (BAR < 140))


@leak(ROOM, "monthly labels of a month not over yet: known at the month's end, purged by five bars", kind="split")
def labels_of_the_month():
    return _told(BAR < 118, BAR >= 123, known=(BAR // 21 + 1) * 21 + 2)


@clean(ROOM, "monthly labels, learned from up to the month before", kind="split")
def labels_of_past_months():
    known = (BAR // 21 + 1) * 21 + 2
    return _told(known < 123, BAR >= 123, known=known)
