"""Numbers with their things: one job, two jobs. PURE"""

ADDS_ES = ("ch", "sh", "x", "ss")
IN_FULL = {"pulls": "pull requests"}  # what counts are named by, in people's words
SINGULARS = {"caches": "cache"}  # what the rule below would get wrong


def plural(thing: str) -> str:
    """Return the plural of a noun."""
    if thing.endswith("y") and not thing.endswith(("ay", "ey", "oy")):
        return f"{thing[:-1]}ies"
    return f"{thing}es" if thing.endswith(ADDS_ES) else f"{thing}s"


def singular(things: str) -> str:
    """Return the noun of a plural."""
    if things in SINGULARS:
        return SINGULARS[things]
    if things.endswith("ies"):
        return f"{things[:-3]}y"
    return things[:-2] if things.removesuffix("es").endswith(ADDS_ES) else things[:-1]


def counted(number: int, thing: str) -> str:
    """Say how many there are: "1 job", "1,200 branches"; of several words the last one is the noun."""
    *before, noun = thing.split(" ")
    return " ".join([f"{number:,}", *before, noun if number == 1 else plural(noun)])


def tallied(name: str, number: int) -> str:
    """Say what a pass counted under a name such as "branches_pushed" or "test_failures"."""
    words = [IN_FULL.get(word, word) for word in name.split("_")]
    place = next((place for place, word in enumerate(words) if word.endswith("s")), None)
    if number == 1 and place is not None:
        words[place] = singular(words[place])
    return " ".join([f"{number:,}", *words])
