"""Taking turns, so that a noisy machine hits every side alike."""
import statistics
import time


def calls(function):
    """A side out of a function: calls it for some seconds after a call that doesn't count; gives the median milliseconds."""
    def turn(seconds):
        times = [timed(function)]  # wakes threads, warms caches: nothing beside a call that is longer than the turn
        if times[0] < seconds:
            end = time.perf_counter() + seconds
            times = [timed(function)]
            while time.perf_counter() < end:
                times.append(timed(function))
        return statistics.median(times) * 1e3
    return turn


def timed(function):
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def take_turns(sides, rounds, window, pause):
    """{side: [median milliseconds of each round]}; the order turns, too, so that nobody always follows the same one."""
    times = {name: [] for name in sides}
    names = list(sides)
    for number in range(rounds):
        for name in names[number % len(names):] + names[:number % len(names)]:
            time.sleep(pause)  # threads of the last one spin a while before they sleep
            times[name].append(sides[name](window))
    return times
