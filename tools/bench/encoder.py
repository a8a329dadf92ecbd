"""What peers that make one forward pass have in common."""
from rounds import calls
from workloads import padded

SORTED = " sorted"  # behind the name of a side


class Encoder:
    """A peer that makes one forward pass of a padded batch: runner(ids, mask) gives a function to call."""

    warmup = 0.1  # seconds
    batch_sizes = (1, 2, 4, 8, 16, 32)

    def runners(self):
        """{side: function that makes a call of a batch}"""
        raise NotImplementedError

    def turns(self):
        """{side: function that makes a turn out of batches, which one call runs one after another}"""
        return {side: turns_of(runner) for side, runner in self.runners().items()}

    def sides(self, load):
        sides = {}
        for side, turn in self.turns().items():
            sides[side] = warm(turn([load.ids]), self.warmup)
            if load.sorts:
                sides[side + SORTED] = warm(turn(self.best_batches(turn, load.ids)), self.warmup)
        return sides

    def best_batches(self, turn, sequences):
        """Sorted by length and cut into batches of the size that takes least time."""
        ordered = sorted(sequences, key=len)
        cuts = [[ordered[at:at + size] for at in range(0, len(ordered), size)] for size in self.batch_sizes]
        return min(cuts, key=lambda batches: warm(turn(batches), 0.1)(0.2))


def turns_of(runner):
    def turn(batches):
        runs = [runner(*padded(batch)) for batch in batches]

        def one_after_another():
            for run in runs:
                run()
        return calls(one_after_another)
    return turn


def warm(turn, seconds):
    """After a turn that doesn't count: what is compiled or chosen at the first call of a shape is none of its time."""
    turn(seconds)
    return turn
