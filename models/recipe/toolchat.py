"""Chat format, tokenizer and seeded generator of synthetic tool-using chats.

Everything here is original and synthetic.  An Example is one request and the
exact, deterministic behaviour that we want for it: zero or more tool calls
(one per assistant message), the simulated tool results, and the final answer.
The model never does arithmetic on its own: it calls a tool and copies what
the tool said.

    gen = Generator(seed=1, split="train")
    ex = gen.example()                  # one request
    text = render([ex])                 # ChatML text with special tokens
    ids, mask = gen.chat()              # token ids and the loss mask

split="train"    training phrasings, training values
split="values"   training phrasings, held-out numbers / cities / words
split="phrases"  held-out phrasings and held-out values
"""
import json
import random
import re
import zlib
from dataclasses import dataclass, field

from phrasings import FIXED, FOLLOW, HELD, PREFIX, SUFFIX, SYSTEMS, TRAIN, WORD_SUMS, expand

# ---------------------------------------------------------------- tokenizer
SPECIALS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<tool_call>", "</tool_call>",
            "<tool_response>", "</tool_response>", "<|pad|>"]
# Literal pieces of text that are one token each: the boilerplate of the format and a few frequent words.
PIECES = [
    "user\n", "assistant\n", "system\n",
    '\n{"name": "', "calculator", "get_weather", "get_time", "convert", "lookup",
    '", "arguments": {"expression": "', '", "arguments": {"city": "', '", "arguments": {"value": ', '", "arguments": {"term": "',
    ', "from": "', '", "to": "', '"}}\n',
    '{"temp_c": ', ', "sky": "', '"}', '{"error": "',
    "It is ", " C and ", " F and ", " C, ", " C.", ' means "', '".', "Sorry, that did not work: ",
    "The temperatures of ", " add up to ", "The difference between ",
    " is ", " in ", " and ", " of ", " to ", " for ", " the ", " is the ", " of the ", " in the ", " and the ",
    " plus ", " minus ", " times ", " divided by ", " multiplied by ", " + ", " - ", " * ", " / ",
    "weather", "Weather", "temperature", "Temperature", "time", "Time", "Fahrenheit", "fahrenheit", "please", "Please",
    "What", "what", "How", "how", "Tell me", "tell me", "Give me", "give me", "alculate", "onvert", "meaning",
]
ADDED = SPECIALS + PIECES
TOKEN_ID = {s: 256 + i for i, s in enumerate(ADDED)}
VOCAB = -(-(256 + len(ADDED)) // 16) * 16          # the rows past the last token are never used
EOT, IM_START, IM_END, TC, TC_END, TR, TR_END, PAD = range(256, 264)
_SPLIT = re.compile("(" + "|".join(re.escape(s) for s in sorted(ADDED, key=len, reverse=True)) + ")")


def tokens(text):
    """Added tokens wherever their literal text stands (leftmost, then longest), bytes for the rest."""
    out = []
    for i, part in enumerate(_SPLIT.split(text)):
        if i % 2:
            out.append(TOKEN_ID[part])
        else:
            out.extend(part.encode("utf-8"))
    return out


def detokenize(ids):
    raw = b"".join(bytes([i]) if i < 256 else ADDED[i - 256].encode() if i < 256 + len(ADDED) else b"" for i in ids)
    return raw.decode("utf-8", "replace")


# -------------------------------------------------------------- chat format
@dataclass
class Example:
    task: str
    user: str
    answer: str
    steps: list = field(default_factory=list)     # [(call dict, tool result text)]


def call_text(call):
    return "<tool_call>\n" + json.dumps(call, ensure_ascii=False) + "\n</tool_call>"


def tool_turn(result):
    return "<|im_start|>user\n<tool_response>\n" + result + "\n</tool_response><|im_end|>\n"


ASSIST = "<|im_start|>assistant\n"


def pieces(examples, system=None):
    """[(text, is_assistant)] of a whole conversation."""
    out = []
    if system:
        out.append(("<|im_start|>system\n" + system + "<|im_end|>\n", False))
    for ex in examples:
        out.append(("<|im_start|>user\n" + ex.user + "<|im_end|>\n" + ASSIST, False))
        for call, result in ex.steps:
            out.append((call_text(call) + "<|im_end|>", True))
            out.append(("\n" + tool_turn(result) + ASSIST, False))
        out.append((ex.answer + "<|im_end|>", True))
        out.append(("\n", False))
    return out[:-1]


def render(examples, system=None):
    return "".join(t for t, _ in pieces(examples, system))


def encode(examples, system=None):
    ids, mask = [], []
    for text, train in pieces(examples, system):
        t = tokens(text)
        ids += t
        mask += [train] * len(t)
    return ids, mask


# ---------------------------------------------------------------- word lists
CITIES = """Oslo Rome Paris London Berlin Madrid Lisbon Vienna Prague Warsaw Dublin Athens Helsinki Stockholm Copenhagen
Amsterdam Brussels Zurich Geneva Milan Naples Turin Munich Hamburg Cologne Frankfurt Lyon Marseille Nice Bordeaux Porto
Seville Valencia Barcelona Budapest Bucharest Sofia Belgrade Zagreb Ljubljana Riga Tallinn Vilnius Minsk Kyiv Odessa
Moscow Istanbul Ankara Izmir Cairo Tunis Algiers Casablanca Lagos Accra Nairobi Kampala Dakar Luanda Harare Johannesburg
Durban Dubai Doha Riyadh Baghdad Tehran Kabul Karachi Lahore Delhi Mumbai Chennai Kolkata Dhaka Kathmandu Colombo Bangkok
Hanoi Manila Jakarta Singapore Seoul Busan Tokyo Osaka Kyoto Nagoya Sapporo Beijing Shanghai Shenzhen Wuhan Taipei Sydney
Melbourne Brisbane Perth Adelaide Auckland Wellington Honolulu Anchorage Seattle Portland Oakland Denver Dallas Houston
Austin Chicago Detroit Boston Miami Atlanta Nashville Memphis Toronto Montreal Ottawa Calgary Vancouver Havana Lima Quito
Bogota Caracas Santiago Montevideo Brasilia Recife Salvador Medellin Cusco Bergen Trondheim Malmo Aarhus Leeds Bristol
Cardiff Glasgow York Oxford Ghent Bruges Antwerp Rotterdam Utrecht Basel Bern Graz Salzburg Linz Brno Ostrava Gdansk Poznan
New_York Los_Angeles San_Francisco San_Diego New_Delhi Hong_Kong Kuala_Lumpur Buenos_Aires Sao_Paulo Mexico_City Cape_Town
Tel_Aviv Addis_Ababa Las_Vegas New_Orleans St_Petersburg Abu_Dhabi The_Hague Panama_City Fort_Worth Zürich Kraków Malmö
Łódź Düsseldorf São_Paulo Bogotá Córdoba""".split()
HELD_CITIES = """Edinburgh Reykjavik Philadelphia Florence Venice Bologna Manchester Liverpool Leipzig Dresden Hannover Bratislava
Sarajevo Skopje Tirana Marrakesh Windhoek Maputo Muscat Amman Beirut Damascus Bangalore Phuket Hiroshima Fukuoka Nanjing
Canberra Hobart Phoenix Cleveland Baltimore Winnipeg Quebec Guadalajara Rosario Asuncion Rio_de_Janeiro Salt_Lake_City
Ho_Chi_Minh_City San_Jose Nürnberg Göteborg""".split()

TERMS = """quasar entropy photon neuron glacier osmosis algorithm isotope fjord haiku sonnet fugue cortex enzyme catalyst
compiler recursion monsoon tundra savanna estuary magma comet nebula pulsar quark boson lepton meson gene genome allele
plasma vector tensor matrix scalar prism lens laser diode transistor capacitor kernel thread mutex semaphore cache cluster
scheduler latency throughput bandwidth protocol packet router firewall cipher hash token lexer parser grammar syntax idiom
metaphor irony satire allegory ballad opera sonata quartet tempo chord inflation tariff dividend bond equity ledger
democracy republic treaty embargo census ballot senate basilisk gargoyle citadel aqueduct pagoda minaret kimono origami
pangolin axolotl ocelot lemur narwhal albatross falcon beetle orchid lichen fungus spore pollen chlorophyll mitosis
black_hole tidal_wave solar_wind prime_number binary_tree hash_table stack_overflow page_fault dark_matter ice_age""".split()
HELD_TERMS = """supernova volcano symphony neutrino ecosystem hypothesis paradox lagoon turbine satellite hurricane manuscript
labyrinth obelisk chameleon dragonfly photosynthesis electron molecule deadlock load_balancer red_giant""".split()

ADJ = """small large bright dark cold hot slow fast hollow round flat thin thick heavy light old new rare common soft hard
wet dry deep tall narrow wide quiet loud green red blue white black grey distant ancient modern sharp smooth rough strong
weak formal simple complex fixed public private natural spinning frozen burning hidden digital musical""".split()
NOUN = """star river stone bird fish tree plant leaf seed cell atom wave field force line point number set list table tree
word song poem tune law rule vote tax coin price market city tower wall bridge road ship engine wheel tool machine signal
message code program memory queue cloud storm wind rain ice lake sea coast island valley mountain animal insect flower
light heat sound shadow colour shape pattern system group part piece layer core shell edge path""".split()
PREP = "of in from for with under near between behind over through across against".split()
WORDS = """hello apple banana cat dog tiger lemon river stone cloud music happy yellow purple orange garden window table
chair pencil paper rocket planet winter summer spring autumn coffee bread cheese butter pepper sugar honey silver copper
iron robot tiny giant mouse horse sheep goat snail whale dolphin shark eagle sparrow panda koala zebra monkey kitten puppy
bottle basket candle mirror carpet pillow blanket hammer ladder bucket shovel ribbon button pocket jacket sweater boots
hat scarf glove train truck boat plane bike street bridge castle tower forest desert valley beach island harbor market""".split()
HELD_WORDS = """elephant mountain guitar balloon umbrella penguin lantern thunder velvet crystal marble pumpkin raccoon
violin meadow parrot biscuit cabbage anchor feather""".split()

SKIES = "sunny cloudy rainy snowy windy foggy clear stormy overcast hazy drizzly icy humid misty dry".split()
UNITS = [("km", "miles"), ("miles", "km"), ("m", "feet"), ("feet", "m"), ("cm", "inches"), ("inches", "cm"), ("kg", "pounds"),
         ("pounds", "kg"), ("g", "ounces"), ("ounces", "g"), ("liters", "gallons"), ("gallons", "liters"), ("C", "F"), ("F", "C"),
         ("hours", "minutes"), ("minutes", "seconds"), ("days", "hours"), ("weeks", "days"), ("kilometers", "miles"),
         ("meters", "feet"), ("yards", "meters"), ("kilograms", "pounds"), ("celsius", "fahrenheit"), ("fahrenheit", "celsius"),
         ("USD", "EUR"), ("EUR", "USD"), ("GBP", "EUR"), ("JPY", "USD"), ("EUR", "GBP"), ("CHF", "EUR"), ("knots", "mph"),
         ("MB", "GB"), ("GB", "MB"), ("bytes", "bits"), ("cups", "ml"), ("acres", "hectares")]
ERRORS = """city not found|service unavailable|timeout|division by zero|unknown unit|no such term|rate limit reached|
invalid expression|network error|access denied|internal error|quota exceeded|unknown city|not available today|bad request|
term not found|server is busy|connection lost|number too large|data is missing|try again later|tool is offline|no data""".replace("\n", "").split("|")
HELD_ERRORS = "station is closed|permission required|request was cancelled|upstream failed|city is ambiguous|out of memory".split("|")



class Generator:
    def __init__(self, seed=0, split="train", me="spark"):
        self.r = random.Random(f"{split}-{seed}")
        self.split, self.me = split, me
        self.held = split != "train"

    # ---- values
    def number(self, digits=None, low=0):
        """An integer; which integers of two or more digits are held out is decided by a hash (1 in 8)."""
        r = self.r
        while True:
            d = digits or r.choice([1, 1, 2, 2, 2, 3, 3, 4])
            n = r.randrange(10 ** (d - 1) if d > 1 else 0, 10 ** d)
            if d > 1 and r.random() < .2:                  # runs of a digit and round numbers are hard to copy: more of them
                n = self.regular(d)
            if n < low or (digits is None and n == 0 and r.random() < .8):
                continue
            held = n >= 10 and zlib.crc32(str(n).encode()) % 8 == 0
            if n < 10 or held == self.held:
                return n

    def regular(self, d):
        r = self.r
        first, k = r.choice("123456789"), r.random()
        if k < .25: rest = first * (d - 1)
        elif k < .5: rest = "0" * (d - 1)
        else: rest = "".join(r.choice(first + r.choice("0123456789")) for _ in range(d - 1))
        return int(first + rest)

    def pseudo(self, lo=2, hi=3):
        r = self.r
        on = ["b", "c", "d", "f", "g", "h", "j", "k", "l", "m", "n", "p", "r", "s", "t", "v", "w", "z", "br", "st", "tr", "sh", "ch", "gr", "kl", "qu", "th", "x", "y"]
        w = "".join(r.choice(on) + r.choice(["a", "e", "i", "o", "u", "ai", "ou", "ee"]) + r.choice(["", "", "", "n", "r", "s", "l", "m", "t", "ck", "nd"])
                    for _ in range(r.randint(lo, hi)))
        if r.random() < .1:                                # doubled letters and repeated syllables are hard to copy too
            i = r.randrange(1, len(w))
            w = w[:i] + (w[i - 1] if r.random() < .6 else w[:i][-3:]) + w[i:]
        if r.random() < .025:
            w = w.translate(str.maketrans(r.choice(["aou", "eao", "iuc"]), r.choice(["äöü", "éãó", "íúç"])))
        return w[:10]

    def city(self):
        r = self.r
        if r.random() < .5:
            c = r.choice(HELD_CITIES if self.held else CITIES).replace("_", " ")
        else:
            c = self.pseudo().capitalize()
            k = r.random()
            if k < .18:
                c = r.choice(["New", "San", "Port", "Saint", "Los", "Bad", "El", self.pseudo(1, 2).capitalize()]) + " " + c
            if k < .05:
                c += " " + r.choice([self.pseudo(1, 2).capitalize(), self.pseudo(1, 2).capitalize(), "City", "Beach", "Town", "Hills"])
            if k < .025 or .14 < k < .17:
                c += " " + r.choice([self.pseudo(1, 1).capitalize(), "City", "Town", "Bay"])
            elif .17 < k < .24:
                c += r.choice([" de ", " do ", " la ", " am ", " on ", " del ", " upon ", " "]) + self.pseudo(1, 2).capitalize()
        return c.lower() if r.random() < .12 else c

    def cities(self, n):
        out = []
        while len(out) < n:
            c = self.city()
            if c not in out:
                out.append(c)
        return out

    def term(self):
        if self.r.random() < .5:
            return self.r.choice(HELD_TERMS if self.held else TERMS).replace("_", " ")
        if self.r.random() < .2:
            return self.r.choice([self.r.choice(ADJ), self.r.choice(NOUN), self.pseudo(1, 2)]) + " " + self.r.choice([self.r.choice(NOUN), self.pseudo(1, 2)])
        t = self.pseudo(1 + (self.r.random() < .8), 3)
        return t if len(t) > 2 else t + "um"

    def word(self):
        return self.r.choice(HELD_WORDS if self.held else WORDS) if self.r.random() < .5 else self.pseudo(1, 3)

    # ---- sentences
    def pick(self, train, held):
        return self.r.choice(held) if self.split == "phrases" else expand(self.r.choice(train), self.r)

    def phrase(self, kind, **kw):
        s = self.pick(TRAIN[kind], HELD[kind])
        return self.dress(s.format(w=kw.pop("w", None) or self.word(), **kw), kind, literal=s[0] == "{")

    def dress(self, s, kind="", literal=False):
        """Prefixes, suffixes, capitals.  A sentence that starts with a value keeps it as it is: it has to be copied."""
        r = self.r
        if kind != "echo":
            if r.random() < .35:
                prefix = r.choice(PREFIX)
                s, literal = prefix + s, literal and not prefix
            if r.random() < .3 and s[-1] not in "?=":
                s += r.choice(SUFFIX)
            if s.endswith("?") and r.random() < .2:
                s = s[:-1]
        if r.random() < .5 and not literal:
            s = s[0].upper() + s[1:]
        return s

    # ---- simulated tools
    @staticmethod
    def calculate(expr):
        v = eval(expr, {"__builtins__": {}})               # our own expressions only
        if isinstance(v, float):
            v = round(v, 3)
            v = int(v) if v == int(v) else v
        return str(v)

    def calc_step(self, e):
        return ({"name": "calculator", "arguments": {"expression": e}}, self.calculate(e))

    def weather_step(self, c):
        t, sky = self.r.randint(-15, 41), self.r.choice(SKIES)
        return ({"name": "get_weather", "arguments": {"city": c}}, json.dumps({"temp_c": t, "sky": sky})), t, sky

    def time_step(self, c):
        t = f"{self.r.randrange(24):02d}:{self.r.randrange(60):02d}"
        return ({"name": "get_time", "arguments": {"city": c}}, t), t

    # ---- arithmetic in words and symbols
    def expression(self, max_ops=3):
        """(as typed, canonical expression) with up to max_ops operators."""
        r = self.r
        while True:
            n = min(max_ops, r.choice([1, 1, 1, 1, 1, 2, 2, 3]))
            ops = [r.choice("++--**/") for _ in range(n)]
            digits = [1, 1, 2, 2, 3, 3, 4, 4] if n == 1 else [1, 1, 2, 2, 2, 3, 3, 4] if n == 2 else [1, 1, 2, 2, 3]
            nums = [str(self.number(r.choice(digits))) for _ in range(n + 1)]
            if r.random() < .04:
                nums[0] = "-" + nums[0]
            if r.random() < .05:
                nums[r.randrange(n + 1)] = f"{r.randrange(100)}.{r.choice([1, 2, 3, 4, 5, 6, 7, 8, 9, 25, 75])}"
            typed, canon = self.typed(nums, ops, par=n >= 2 and r.random() < .2)
            try:
                if len(self.calculate(canon)) <= 11:
                    return typed, canon
            except ZeroDivisionError:
                pass

    def typed(self, nums, ops, par=False):
        r, style = self.r, self.r.random()
        if par:
            nums = ["(" + nums[0], nums[1] + ")", *nums[2:]]
        toks = [x for pair in zip(nums, ops + [""]) for x in pair if x]
        canon = "".join(toks)
        if style < .4:
            return canon, canon
        if style < .45:
            return "".join(t + r.choice(["", " "]) for t in toks).strip(), canon
        if style < .7:
            return " ".join(toks), canon
        words = {"+": ["plus"], "-": ["minus"], "*": ["times", "multiplied by"], "/": ["divided by", "over"]} if style < .9 else \
                {"+": ["+"], "-": ["-"], "*": ["x", "×", "*"], "/": ["/", "÷"]}
        return " ".join(r.choice(words[t]) if t in words else t for t in toks), canon

    def two_numbers(self):
        """Two integers of one to four digits, each length equally often."""
        r = self.r
        a, b, op = self.number(r.randint(1, 4)), self.number(r.randint(1, 4)), r.choice("+-*/")
        typed, e = self.typed([str(a), str(b or 1)], [op])
        return Example("two numbers, 4 digits", self.phrase("calc", e=typed), f"{e} is {self.calculate(e)}.", [self.calc_step(e)])

    def t_calc(self):
        r, k = self.r, self.r.random()
        if k < .3:
            ex = self.two_numbers()
            ex.task = "calculator"
            return ex
        if k < .75:
            typed, e = self.expression()
            user = self.phrase("calc", e=typed)
        else:
            a, b = self.number(), self.number(low=1)
            user, e = r.choice(WORD_SUMS["held" if self.split == "phrases" else "train"])
            user, e = self.dress(expand(user, r).format(a=a, b=b)), e.format(a=a, b=b)
        return Example("calculator", user, f"{e} is {self.calculate(e)}.", [self.calc_step(e)])

    # ---- one task each
    def t_weather(self):
        c = self.city()
        step, t, sky = self.weather_step(c)
        return Example("weather", self.phrase("weather", c=c), f"It is {t} C and {sky} in {c}.", [step])

    def t_time(self):
        c = self.city()
        step, t = self.time_step(c)
        return Example("time", self.phrase("time", c=c), f"It is {t} in {c}.", [step])

    def t_convert(self):
        r = self.r
        a, b = r.choice(UNITS) if r.random() < .9 else (self.pseudo(1, 2), self.pseudo(1, 2))
        v = self.number(low=1)
        if r.random() < .25:
            v = float(f"{v if v < 1000 else v % 100}.{r.choice([1, 2, 3, 4, 5, 6, 7, 8, 9, 25, 75, 15, 45])}")
        res = str(r.randint(0, 99999)) if r.random() < .5 else str(round(r.random() * 10 ** r.randint(0, 4), r.randint(1, 4)))
        return Example("convert", self.phrase("convert", v=v, a=a, b=b), f"{v} {a} is {res} {b}.",
                       [({"name": "convert", "arguments": {"value": v, "from": a, "to": b}}, res)])

    def t_lookup(self):
        r, t = self.r, self.term()
        w = lambda xs: r.choice(xs) if r.random() < .85 else self.pseudo()
        d = f"{r.choice(['a', 'the', 'any', 'some', 'a kind of', 'one'])} {w(ADJ)} {w(NOUN)}"
        for _ in range(r.choice([0, 1, 1, 2])):
            d += f" {w(PREP)} {r.choice(['a', 'the', 'many', 'its', 'two'])} {w(NOUN)}"
        return Example("lookup", self.phrase("lookup", t=t), f'{t} means "{d}".', [({"name": "lookup", "arguments": {"term": t}}, d)])

    def both_of(self, a, b):
        return self.r.choice(["{} and {}", "{} and {}", "{} and in {}", "{}, {}", "{} and also {}"]).format(a, b)

    def t_weather_2(self):
        a, b = self.cities(2)
        (s1, t1, sky1), (s2, t2, sky2) = self.weather_step(a), self.weather_step(b)
        return Example("weather x2", self.phrase("weather2", L=self.both_of(a, b)), f"{a}: {t1} C, {sky1}. {b}: {t2} C, {sky2}.", [s1, s2])

    def t_time_2(self):
        a, b = self.cities(2)
        (s1, t1), (s2, t2) = self.time_step(a), self.time_step(b)
        return Example("time x2", self.phrase("time2", L=self.both_of(a, b)), f"{a}: {t1}. {b}: {t2}.", [s1, s2])

    def t_temps(self):
        kind = self.r.choice(["addtemp", "difftemp"])
        a, b = self.cities(2)
        (s1, t1, _), (s2, t2, _) = self.weather_step(a), self.weather_step(b)
        e = f"{t1}{'+' if kind == 'addtemp' else '-'}" + (f"({t2})" if t2 < 0 else str(t2))
        v = self.calculate(e)
        answer = f"The temperatures of {a} and {b} add up to {v} C." if kind == "addtemp" else f"The difference between {a} and {b} is {v} C."
        return Example("weather x2 + calc", self.phrase(kind, A=a, B=b), answer, [s1, s2, self.calc_step(e)])

    def t_fahrenheit(self):
        c = self.city()
        s, t, sky = self.weather_step(c)
        f = str(round(t * 1.8 + 32, 1))
        return Example("weather + convert", self.phrase("fahrenheit", c=c), f"It is {f} F and {sky} in {c}.",
                       [s, ({"name": "convert", "arguments": {"value": t, "from": "C", "to": "F"}}, f)])

    def t_both(self):
        c = self.city()
        s, t, sky = self.weather_step(c)
        s2, clock = self.time_step(c)
        return Example("weather + time", self.phrase("both", c=c), f"It is {clock}, {t} C and {sky} in {c}.", [s, s2])

    def t_calc2(self):
        (t1, e1), (t2, e2) = self.expression(1), self.expression(1)
        s1, s2 = self.calc_step(e1), self.calc_step(e2)
        return Example("calculator x2", self.phrase("calc2", e=t1, f=t2), f"{e1} is {s1[1]}. {e2} is {s2[1]}.", [s1, s2])

    def t_error(self):
        """Any of the tools fails: apologise and quote the error."""
        r = self.r
        ex = r.choice([self.t_calc, self.t_weather, self.t_time, self.t_convert, self.t_lookup, self.t_weather_2, self.t_both, self.t_temps])()
        words = r.sample([self.pseudo(1, 2), *r.sample(NOUN, 2), r.choice(ADJ), *r.sample("is was not in for the of to required missing failed wrong".split(), 2)], r.randint(1, 4))
        err = r.choice(HELD_ERRORS if self.held else ERRORS) if r.random() < .6 else " ".join(words)
        at = r.randrange(len(ex.steps))
        steps = ex.steps[:at] + [(ex.steps[at][0], json.dumps({"error": err}, ensure_ascii=False))]
        return Example("tool error", ex.user, f"Sorry, that did not work: {err}.", steps)

    def t_count(self):
        n = self.r.randint(2, 20)
        return Example("count", self.phrase("count", n=n), " ".join(map(str, range(1, n + 1))))

    def t_spell(self):
        w = self.word()
        return Example("spell", self.phrase("spell", w=w), "-".join(w))

    def t_echo(self):
        r = self.r
        parts = []
        for _ in range(r.randint(1, 3)):
            k = r.random()
            parts.append(self.word() if k < .45 else self.pseudo() if k < .7 else str(self.number(r.randint(1, 4))) if k < .85
                         else self.city() if k < .93 else "".join(r.choice("abcdefghijklmnopqrstuvwxyz0123456789") for _ in range(r.randint(3, 7))))
        x = " ".join(parts)
        return Example("echo", self.phrase("echo", x=x), x)

    def t_fixed(self):
        train, held, answer = FIXED[self.r.choice([*FIXED, "other", "other"])]
        s = self.pick(train, held).format(c=self.city(), w=self.word())
        if self.r.random() < .25: s = s.rstrip("?!.")
        if self.r.random() < .5: s = s[0].upper() + s[1:]
        return Example("small talk", s, answer.format(me=self.me))

    WEIGHTS = [("t_calc", 20), ("t_weather", 7), ("t_time", 6), ("t_convert", 9), ("t_lookup", 7), ("t_weather_2", 6), ("t_time_2", 4),
               ("t_temps", 11), ("t_fahrenheit", 4), ("t_both", 4), ("t_calc2", 8), ("t_error", 5), ("t_count", 4), ("t_spell", 5),
               ("t_echo", 6), ("t_fixed", 8)]

    # ---- conversations
    def example(self, task=None):
        if task is None:
            task = self.r.choices([t for t, _ in self.WEIGHTS], [w for _, w in self.WEIGHTS])[0]
        return getattr(self, task)()

    def followup(self):
        """Weather or time for one city, then "and in X?"."""
        first = self.r.choice([self.t_weather, self.t_time])()
        second = {"weather": self.t_weather, "time": self.t_time}[first.task]()
        s = self.pick(FOLLOW["train"], FOLLOW["held"])
        second.user = s.format(c=second.steps[0][0]["arguments"]["city"])
        if self.r.random() < .5 and s[0] != "{": second.user = second.user[0].upper() + second.user[1:]
        second.task = "follow-up"
        return [first, second]

    def system(self, share=.07):
        return self.r.choice(SYSTEMS).format(me=self.me) if self.r.random() < share else None

    def chat(self, max_tokens=512, multi=.2):
        """A conversation as (ids, mask): mostly one request, sometimes several (or a follow-up)."""
        sysmsg, k = self.system(), self.r.random()
        if multi and k < .05:
            exs = self.followup()
        elif k < .05 + multi:
            exs = [self.example() for _ in range(self.r.choice([2, 2, 2, 2, 2, 3, 3, 3, 4, 4, 6, 9]))]
        else:
            exs = [self.example()]
        while True:
            ids, mask = encode(exs, sysmsg)
            if len(ids) <= max_tokens or len(exs) == 1:
                return ids[:max_tokens], mask[:max_tokens]
            exs.pop()


if __name__ == "__main__":
    g = Generator(0)
    for t, _ in Generator.WEIGHTS:
        e = g.example(t)
        print(f"--- {e.task} ({len(encode([e])[0])} tokens)\n{render([e])}")
