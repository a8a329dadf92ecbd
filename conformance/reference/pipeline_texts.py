"""What the task fixtures read: words of the small vocabulary and of none, accents, emoji, nothing, too much."""

TEXTS = [
    "The lock gate opens slowly.", "water rises, the ship rises", "hello", "", "   ", "A",
    "Old boats; new ropes!", "It rained on the lake (again) in 1914.", "The CAPTAIN was the pilot's mule-driver?",
    "Übergröße naïve café", "水 level 海", "rise\tand\nfall", "an unclosable gate, a reopened gate",
    "emoji 🚢🌊 is unknown, the boat 🚢 is old", "zzyzx qwrt", "👩‍👩‍👧 on the canal", "crew & captain [SEP] pilot",
    "e\u0301te\u0301 at sea, \U0001d54f rivers",
]

LONG = [
    "the water in the canal falls and the ship falls and the water in the lake rises and the night is old and the crew "
    "was slow to close the gate of the lock on that day of rain, and the captain opened it in 1920 at night",
    "🚢 the old captain of the red boat, Übergröße, rises 🌊 and falls 🌊 on the lake and on the sea and on the river; "
    "the new pilot of the ship is slow. A mule on a rope 🐴 opens the lock!",
    "reopened unclosable " * 12,
]

# Each other tokens: no two documents tie.
DIFFERENT = [text for text in TEXTS if text != "   "]

QUERY = "the gate of the lock"

PAIRS = [[QUERY, text] for text in [*TEXTS, *LONG]] + [["", ""], ["", "a boat"], [LONG[0], "a boat"], [LONG[1], LONG[0]]]

CONTEXTS = [
    ["the boat?", "The lock gate opens slowly, and the old boat rises in 1914."],
    ["what is old", "🚢🌊 The CAPTAIN was slow; the pilot's mule-driver 🐴 is old. Übergröße in the sea!"],
    ["is it", "hello"], ["is it", "A"], ["who", "水 level 海 rise"], ["zz", "reopened, unclosable gates"],
    ["the sea", LONG[0]], ["a mule 🐴", LONG[1]], ["open", LONG[2]],
    ["is it the boat", "the boat and the boat and THE BOAT and a boat"],
]

SHORT_CONTEXTS = [[question[:8], context] for question, context in CONTEXTS]

MASKED = [
    "The [MASK] opens slowly.", "[MASK]", "water [MASK], the ship rises", "the [MASK] of the [MASK] is old",
    "🚢 on the [MASK] 🌊", "Übergröße [MASK] café, [MASK] at sea", "[MASK] [MASK] [MASK]", "an un[MASK] gate",
    "[MASK] " + LONG[0],
]

# Where the spaces are is what tokenizers of spaces can get wrong; é is also the stand-in of a byte.
SPACED = ["  two  boats ", " é à", "ship\u00a0is old", "gate </s> <mask> of", "<s>rise", "(the) 'old' boat's 🚢lock"]


def with_mask(mask):
    return [text.replace("[MASK]", mask) for text in MASKED]
