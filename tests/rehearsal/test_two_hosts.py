"""Two hosts share one database: nothing is doubled, and what one leaves the other takes up."""

from tests.pulls import end
from tests.rehearsal.hosts import until
from tests.rehearsal.town import COMMAND, answered, doubled, mirrored, told


def test_nothing_is_doubled_and_one_goes_on_alone(hosts, town):
    first, second = hosts(2)
    numbers = [town.pulls.open() for _ in range(4)]
    for each in (first, second):
        each.start_worker()
    until(lambda: mirrored(town) and all(told(town, number) for number in numbers), what="the first reports")
    for number in numbers[:2]:
        town.pulls.push(number)
    end(town, numbers[2], "failed")
    command = town.pulls.comment(numbers[2], COMMAND)
    until(lambda: all(told(town, number) for number in numbers) and answered(town, command), what="the second heads")
    assert doubled(town) == []
    first.die()
    town.commit("master")
    town.pulls.push(numbers[3])
    end(town, numbers[0], "failed")
    late = town.pulls.comment(numbers[0], COMMAND)
    until(
        lambda: mirrored(town) and told(town, numbers[3]) and answered(town, late),
        seconds=60,
        what="the other host's going on",
    )
    assert doubled(town) == []
    assert second.alive()


def test_a_killed_host_comes_back_and_only_helps(hosts, town):
    first, second = hosts(2)
    number = town.pulls.open()
    first.start_worker()
    until(lambda: told(town, number), what="the first report")
    first.die()
    town.pulls.push(number)
    first.start_worker()
    second.start_worker()
    until(lambda: told(town, number), seconds=60, what="the second head")
    assert doubled(town) == []
