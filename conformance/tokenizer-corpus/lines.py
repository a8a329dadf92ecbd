"""The hard lines of the corpus, by kind. Invisible characters are written as escapes."""
import random
import unicodedata

LANGUAGES = """
The quick brown fox jumps over the lazy dog.
Er aß Käse und trank süßen Wein, während draußen Schnee fiel.
Où est passé l'élève ? Il a mangé un gâteau à la crème brûlée…
¿Dónde está el niño? ¡Mañana será otro día, señor!
A ação começou às três horas; ninguém percebeu o avião.
Perché no? È già così, più o meno, da lunedì a venerdì.
Zażółć gęślą jaźń, powiedział wójt z Łodzi.
Příliš žluťoučký kůň úpěl ďábelské ódy.
Árvíztűrő tükörfúrógép és egy hűvös őszi éjszaka.
Şişli'de İstanbul'un ışıkları ığıl ığıl yanıyor.
Vår båt är på väg över sjön till ön Ærø.
Ég veit að þú ert að læra íslensku í Reykjavík.
Tôi muốn uống một tách cà phê sữa đá ở Hà Nội.
Съешь же ещё этих мягких французских булок, да выпей чаю.
Її дідусь їхав поїздом до Києва, ґречно вклоняючись.
Љубазни фењерџија чађавог лица хоће да ми покаже штос.
Ξεσκεπάζω τὴν ψυχοφθόρα βδελυγμία· καὶ τί;
Ὁ δὲ ἀνεξέταστος βίος οὐ βιωτὸς ἀνθρώπῳ.
Բարեւ ձեզ, ինչպե՞ս եք այսօր։
დღეს კარგი ამინდია თბილისში.
שָׁלוֹם עוֹלָם, מה שלומך היום?
كَيْفَ حَالُكَ؟ أنا بخيرٍ، شكرًا جزيلًا!
این یک جملهٔ فارسی است؛ می‌خواهم چای بنوشم.
یہ اردو کا ایک جملہ ہے۔
यह एक वाक्य है। क्षत्रिय ज्ञान श्रृंखला।
আমি বাংলায় গান গাই, কৃষ্ণচূড়া ফোটে।
தமிழ் மொழி மிகவும் பழமையானது.
తెలుగు భాష చాలా తీయనిది.
ಕನ್ನಡ ನಾಡು ಸುಂದರವಾಗಿದೆ.
മലയാളം ഒരു ദ്രാവിഡ ഭാഷയാണ്.
සිංහල ශ්‍රී ලංකාවේ භාෂාවකි.
ภาษาไทยเขียนติดกันโดยไม่เว้นวรรค น้ำใจ
ພາສາລາວບໍ່ມີຍະຫວ່າງ
မြန်မာဘာသာစကားသည် လှပသည်။
ភាសាខ្មែរមានអក្សរច្រើន
བོད་ཡིག་ནི་ཡིག་རིགས་ཤིག་ཡིན།
今天天气很好，我们去公园散步吧。
漢字の「読み方」は難しい・・・でも面白い！
ひらがな、カタカナ、ﾊﾝｶｸｶﾅ、ガギグゲゴ。
한국어 문장을 토큰으로 나누어 보자.
한글 (decomposed jamo)
𠮷野家で𩸽を食べた。㐀㐁 豈更車
ᐃᓄᒃᑎᑐᑦ ᐅᖃᐅᓯᖅ
ᎠᏂᏴᏫᏯ ᎦᏬᏂᎯᏍᏗ
አማርኛ ቋንቋ ነው።
ⵜⴰⵎⴰⵣⵉⵖⵜ ⵜⴰⵏⴰⵡⴰⵢⵜ
ꦧꦱꦗꦮ ꦲꦤꦕꦫꦏ
𐌰𐌹𐌻𐌴𐌹𐌺 𐌲𐌿𐍄𐌹𐍃𐌺
𓀀𓀁𓂀 hieroglyphs 𒀭𒈗 cuneiform
""".strip().split("\n")

EMOJI = """
😀😃😄😁
I ❤️ NY and I ❤ you
👨‍👩‍👧‍👦 family, 👩🏽‍🚀 astronaut, 🧑🏿‍🤝‍🧑🏻
👍🏻👍🏼👍🏽👍🏾👍🏿
🇵🇦🇩🇪🇯🇵🇺🇸
🇵 lonely regional indicator
🏴󠁧󠁢󠁳󠁣󠁴󠁿 Scotland
1️⃣2️⃣#️⃣*️⃣
☺︎ text, ☺️ emoji
🚢→🌊→⚓
a😀b😀c
😀 😀  😀   😀
🫠🫶🪿🫨
♠♥♦♣ ♔♕ ⚀⚁ ☃ ☂
""".strip().split("\n")

CODE = """
def area(r: float) -> float:\\n    return 3.14159 * r ** 2  # circle
for (int i = 0; i < n; ++i) {\\n\\tsum += a[i] * b[i];\\n}
SELECT name, COUNT(*) FROM orders WHERE price >= 19.99 GROUP BY name;
https://example.org/a/b?id=42&lang=en#section-3
mailto:first.last+tag@sub.example.co.uk
C:\\\\Users\\\\Ana\\\\file.txt /usr/local/lib64/libfoo.so.1.2.3
public static void main(String[] args) throws IOException {}
x = {"key": [1, 2.5e-10, null, true], 'other': \\u0041}
<div class="a-b c_d">&nbsp;&amp;&#8217;</div>
#!/bin/bash\\nset -euo pipefail; echo "${PATH//:/$'\\\\n'}"
git commit -m 'fix: don\\'t crash' && git push --force-with-lease
camelCaseIdentifier snake_case_identifier SCREAMING_SNAKE kebab-case-name
0xDEADBEEF 0b1010 0o777 1_000_000 1e-9 .5 5. 1,234,567.89
a+b=c a-b a*b a/b a^b a&b a|b ~a !a a?b:c a<<b a>>b a!=b a==b
\\\\begin{equation} \\\\frac{\\\\partial f}{\\\\partial x} = \\\\sum_{i=0}^{n} x_i^2 \\\\end{equation}
@Override /** {@link Foo#bar(int)} */ // TODO(me): why?
SGVsbG8sIFdvcmxkISBUaGlzIGlzIGJhc2U2NA==
9b74c9897bac770ffc029102a200c5de 550e8400-e29b-41d4-a716-446655440000
ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ user@host
-----BEGIN TEXT-----
""".strip().replace("\\\\", "\0").replace("\\n", "\x01").replace("\\t", "\t").replace("\\'", "'").split("\n")
CODE = [line.replace("\0", "\\").replace("\x01", "\n") for line in CODE]

ENGLISH = """
I can't, won't, shan't; they're we've I'd he'll it's I'm
I CAN'T WON'T THEY'RE WE'VE I'D HE'LL IT'S
don’t use ’curly’ “quotes” or ‘single’ ones — really…
Mr. O'Neill's mother-in-law's half-eaten sandwich
e.g. i.e. etc. U.S.A. a.m. Ph.D. No. 5
Wait... what?! No!!! Yes??? -- --- ---- ……
(parentheses) [brackets] {braces} <angles> «guillemets» „low“
$5.00 €5,00 £5 ¥500 5% 5‰ 5° ½ ¼ ¾ ² ³ x² H₂O
3.14 3,14 1/2 1-800-555-0199 +49 (0)30 12:34:56 2024-02-29T23:59:60Z
1 12 123 1234 12345 123456 1234567 12345678901234567890
IV XIX MCMXCIV Ⅳ Ⅻ ⅷ ① ㉑ ⑴ ⒈
١٢٣٤٥٦٧٨٩٠ १२३४ ১২৩ ๑๒๓ 一二三 １２３ 𝟏𝟐𝟑
ﬁ ﬂ ﬀ ﬃ ﬄ ﬅ ligatures œuvre æon ĳs ǆ
ＦＵＬＬＷＩＤＴＨ ｔｅｘｔ！＂＃
𝐁𝐨𝐥𝐝 𝑖𝑡𝑎𝑙𝑖𝑐 𝒮𝒸𝓇𝒾𝓅𝓉 𝔉𝔯𝔞𝔨𝔱𝔲𝔯 𝔻𝕠𝕦𝕓𝕝𝕖
™ ® © ℠ ℡ № ℃ ㎏ ㏒ ㍻ ﷺ ﷽
ǅ Ǆ ŉ ß ẞ ſ K Å Ω µ μ
İ I i ı İstanbul ISTANBUL ıstanbul
ΣΊΣΥΦΟΣ σίσυφος ς σ Σ ΑΣ. ΑΣΑ
HELLO hello HeLLo hELLO
naïve café résumé Zürich Ångström piñata jalapeño
supercalifragilisticexpialidocious pneumonoultramicroscopicsilicovolcanoconiosis
rock'n'roll y'all'd've 'twas 'tis ma'am o'clock
tab-separated\tvalues\there
The year '99, the '80s, 5'11", 6" pipe
a.b,c;d:e!f?g/h\\i|j
...leading dots and trailing dots...
word,word;word:word.word
C++ C# F# .NET Node.js T-SQL
AT&T R&D Q&A B2B 4x4 mp3 H1N1 COVID-19
""".strip().replace("\\t", "\t").split("\n")

SPECIAL = """
[MASK]
[CLS] hello [SEP]
The capital of France is [MASK].
the [MASK][MASK] of[MASK]it
[mask] [Mask] [ MASK ] [MASK
[UNK] [PAD] [unused1]
x[SEP]y [SEP]z
</s>
a </s> b
a</s>b </s>
<pad><unk></s><s>
<unk> unknown
</ s> < /s> &lt;/s&gt;
<extra_id_0>
The <extra_id_0> walks in <extra_id_1> park
<extra_id_99><extra_id_100> <extra_id_-1>
 <extra_id_5> 
<EXTRA_ID_0> <extra_id_00>
<|endoftext|>
one<|endoftext|>two
one <|endoftext|> two
<|endoftext|><|endoftext|>
<|ENDOFTEXT|> <|endoftext |> <|im_start|>user
▁ ▁hello hello▁world
##ing un##able ## #hash
Ġ Ġhello Ċ ĉ
<0x0A> <0xFF>
""".strip("\n").split("\n")

# Every character that some standard calls space, and some that it does not.
SPACES = ["\t", "\n", "\r", "\r\n", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x1f", "\x85", "\u00a0", "\u1680", "\u180e",
          "\u2000", "\u2001", "\u2002", "\u2003", "\u2004", "\u2005", "\u2006", "\u2007", "\u2008", "\u2009", "\u200a",
          "\u200b", "\u200c", "\u200d", "\u2028", "\u2029", "\u202f", "\u205f", "\u2060", "\u3000", "\ufeff"]

ODD = ["\x00", "\x01", "\x02", "\x07", "\x08", "\x1b", "\x7f", "\x80", "\x90", "\x9f", "\xad", "\u034f", "\u0378", "\u0600",
       "\u061c", "\u070f", "\u115f", "\u200e", "\u200f", "\u202a", "\u202b", "\u202c", "\u202d", "\u202e", "\u2066", "\u2069",
       "\u206a", "\u2fff", "\u3164", "\ue000", "\uf8ff", "\ufdd0", "\ufe00", "\ufe0f", "\ufff9", "\ufffc", "\ufffd",
       "\ufffe", "\uffff", "\U0001d173", "\U0001fffe", "\U000e0001", "\U000e0041", "\U000e0100", "\U000f0000",
       "\U0010fffd", "\U0010ffff"]

BLANK = ["", " ", "  ", "   ", "          ", "\t", "\n", "\n\n", "\n\n\n", " \n ", "\t\t ", "\r\n\r\n", "\u00a0", "\u3000\u3000",
         "\u200b", "\ufeff", "\u2028", " \u00a0 \u2003 "]

AROUND = [" hello", "hello ", " hello ", "   hello   ", "\thello\t", "\nhello\n", "hello\n\n", "hello  world", "hello   world",
          "hello    world", "  hello  world  ", "a  b   c    d     e", "hello \n world", "hello\n world", "hello \nworld",
          "hello\n\n\nworld", "hello\t\tworld", "hello \t \t world", " .", ". ", " , ", "hello ,world", "hello , world",
          "    indented\n        more\n    back\n", "trailing\t\n", "a\r\nb\rc\nd", " 1", "1 ", " '", "' s", " 's", "x 's",
          "word\u00a0word", "\u00a0word\u00a0", "  \u3000word"]

PAIRS = [("How many boats?", "There are 12 boats."), ("hello", "world"), ("", "world"), ("hello", ""), ("", ""), (" ", " "),
         ("a ", " b"), ("The [MASK] sat", "on the [MASK]."), ("x </s>", "</s> y"), ("<|endoftext|>", "b"), ("猫は", "眠る。"),
         ("ein süßer Hund", "läuft über die Straße"), ("👩🏽‍🚀", "🇵🇦"), ("line\nbreak", "\ttab"), ("a" * 120, "b"),
         ("<extra_id_0> x", "y <extra_id_1>"), ("e\u0301", "\u00e9"), ("question?", "answer!" * 10),
         ("שלום", "مرحبا"), ("[CLS]", "[SEP]")]


def long_words():
    yield "a" * 99
    yield "a" * 100
    yield "a" * 101
    yield "b" * 200
    yield "é" * 100
    yield "e\u0301" * 60
    yield "ä" * 101
    yield "antidisestablishmentarianism" * 5
    yield "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
    yield "ha" * 80 + "!"
    yield "x" * 50 + "-" + "y" * 60
    yield "1" * 130
    yield "-" * 110
    yield "=" * 64
    yield "*" * 17 + " " + "#" * 33
    yield "漢" * 105
    yield "ก" * 105
    yield "😀" * 30
    yield "😀" * 101
    yield "https://example.org/" + "path/" * 25 + "?q=" + "z" * 40
    yield "a" * 98 + "😀" + "b" * 5
    yield ("word " * 40).strip()
    yield "A" * 101
    yield "\u0301" * 120
    yield "a\u200b" * 60


def combining():
    for text in ("éàüñç", "Å", "ệ", "한국", "ǭ", "Й й Ё ё", "が ぱ", "ḍ̇ q̣̇"):
        for form in ("NFC", "NFD", "NFKC", "NFKD"):
            yield unicodedata.normalize(form, text)
    yield "Z̴̢̛a̵̡̛l̷̨̛g̸̡̛ơ̶̢ ţ̴̛e̵͜͠x̷̛͝t̸̡̛"
    yield "\u0301leading mark"
    yield "a\u0301\u0302\u0303\u0304"
    yield "a\u0315\u0300\u05ae\u0062"  # marks out of canonical order
    yield "क्‍ष क्ष क\u094dष"
    yield "x\u20dd y\u20e3 z\u0338"
    yield "กำ น้ำ เกี๊ยว"
    yield "\u1100\u1161\u11a8 \uac01"
    yield "Ç\u0327 c\u0327\u0301"
    yield "\u212b \u00c5 A\u030a"


def right_to_left():
    yield "English then עברית then English"
    yield "عربي then English ثم عربي"
    yield "\u202bRTL embed\u202c and \u202eoverride\u202c"
    yield "\u2067isolate\u2069 \u200fmark\u200e"
    yield "1234 שלום 5678"
    yield "ـــكـشـيـدةـــ tatweel"
    yield "ﻼ ﻻ ﷲ ﺎﺏ presentation forms"
    yield "לְ׀ֽ֭֗ cantillation"
    yield "۱۲۳ ٪ ؛ ، ؟"


def spaces():
    for space in SPACES:
        yield f"a{space}b"
    for space in SPACES:
        yield f"{space}lead and trail{space}"
    for space in SPACES[::3]:
        yield f"one{space}{space}two {space} three"


def odd_characters():
    for c in ODD:
        yield f"ab{c}cd"
    for c in ODD[::2]:
        yield f"{c} alone {c}"


def random_mixtures(count, seed=20240229):
    """Words, spaces and odd characters thrown together."""
    rng = random.Random(seed)
    words = " ".join(LANGUAGES + EMOJI + CODE + ENGLISH + SPECIAL).split()
    glue = [" "] * 12 + ["", "", "  ", "\n", "\t", ", ", ". ", "-", "/", "'"] + SPACES[::5] + ODD[::6]
    for _ in range(count):
        parts = []
        for _ in range(rng.randint(2, 9)):
            word = rng.choice(words)
            if rng.random() < 0.15:
                word = word.upper()
            if rng.random() < 0.15:
                word = word[:rng.randint(1, 4)]
            parts += [word, rng.choice(glue)]
        yield "".join(parts)


def random_characters(count, seed=12345):
    """Characters from everywhere in Unicode, surrogates excepted."""
    rng = random.Random(seed)
    for _ in range(count):
        limit = rng.choice([0x80, 0x250, 0x800, 0x3000, 0x10000, 0x20000, 0x110000])
        points = [p for p in (rng.randrange(limit) for _ in range(rng.randint(3, 14))) if not 0xd800 <= p < 0xe000]
        yield "".join(map(chr, points))


def all_lines():
    """(kind, text) or (kind, (text, pair)), in a fixed order."""
    kinds = {"language": LANGUAGES, "emoji": EMOJI, "code": CODE, "english": ENGLISH, "special": SPECIAL,
             "blank": BLANK, "around": AROUND, "space": spaces(), "odd": odd_characters(), "combining": combining(),
             "rtl": right_to_left(), "long": long_words(), "pair": PAIRS, "mixture": random_mixtures(110),
             "random": random_characters(90)}
    return [(kind, line) for kind, lines in kinds.items() for line in lines]
