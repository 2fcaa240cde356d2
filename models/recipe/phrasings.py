"""How people ask.  Training phrasings are composed: [a|b|] is a choice, {x} a value filled in later.
HELD holds whole sentences for the "phrases" split; check() proves that no training phrasing can produce them."""
import re

_CHOICE = re.compile(r"\[([^\[\]]*)\]")


def expand(pattern, r):
    """One random sentence of a pattern."""
    while "[" in pattern:
        pattern = _CHOICE.sub(lambda m: r.choice(m.group(1).split("|")), pattern)
    return pattern.replace("  ", " ").strip()


def _lines(text):
    return [x.strip() for x in text.strip().split("\n") if x.strip()]


ASK = "[|please |can you |could you |would you |will you |I want you to |you should |let's |quickly ]"
TELL = "[tell me|give me|show me|get me|I need|I want|I would like|find|get|let me see|please tell me|can you tell me|could you give me|I'd like to know|do you know|say]"

TRAIN = {
    "calc": _lines("""
{e}[|?| = ?| =|=|=?]
{e}[|?| = ?| =|=|=?]
[what is|what's|whats|how much is|what about|and what is|what would be|how many is] [||the value of |the result of |the answer to |the outcome of ]{e}[|, please| exactly| in total]?
[what is|what's|how much is] {e}?
""" + ASK + """[calculate|compute|evaluate|solve|work out|figure out|determine|find|do|run|check|try] [|||the result of |the value of |the sum |the following: ]{e}[| for me| quickly]
[use|take|open] [the|your|a] calculator [for|to compute|on|and tell me]: {e}
""" + TELL + """ [|the value of |the result of |the answer to |the answer for |what you get for ]{e}
[what|how much] [does|will|would] {e} [equal|make|give|come to|be|yield]?
[tell me|say|explain|do you know|I need to know|I wonder|I must find out] [what|how much] {e} [is|equals|gives|comes to|yields]
[do the math|quick|math|my sum|sum|homework|question|a sum|next|task]: {e}
[do|here is|this is|help me with|I have] [a sum|some math|the sum|my homework|a task][| for me| for you]: {e}
[what|which number] do [you|we|I] get [for|from|when I type|out of] {e}?
[my homework says|my teacher asks|the book says|my son asks|somebody asks] {e}[, what is that?|, how much is it?|]
{e}[ please|, what is it?|, how much is that?|, thanks| is what?| makes what?| equals what?]
[how big|how high|how much] is [the number |]{e}?"""),
    "weather": _lines("""
[what is|what's|how is|how's|tell me|give me|show me|check|get] [the|the current|today's] [weather|temperature] [in|for|at|of] {c}[| today| now| right now| at the moment]?
[what is|what's] the weather [|like |going to be ]in {c}?
[weather|current weather|temperature|forecast|weather report|weather today|weather forecast|the weather] [in|for|of|at|] {c}[| please| now|?]
{c}[|:|,] [weather|temperature|forecast]
[is it|will it be|how|is it very|is it too|is it really] [raining|cold|warm|sunny|windy|snowing|hot|cloudy|freezing|foggy|humid|dry|rainy|nice|mild|wet|clear] in {c}[| today| now]?
how [cold|warm|hot|windy|wet|nice|cloudy|bad] is it [in|over in|outside in|around] {c}[| today| now]?
[do I need|should I bring|should I pack|should I wear|will I need|shall I take] [an umbrella|a jacket|a scarf|boots|gloves|a hat|sunglasses|a sweater|shorts|a raincoat|sunscreen] [in|for] {c}?
what's it like [outside|out there|there] in {c}?
[should I|do I need to|must I|can I|shall we] [wear|bring|pack|carry|leave] [a|my|the|some] {w} [in|for] {c}[| today]?
I [wear|have|packed] [a|my] {w}, is that [right|ok|enough] for {c}?
[sunshine|rain|snow|wind|clouds|storm|heat|frost] in {c}?
[describe|what about] the [air|sky|rain|wind|sun|clouds|snow] [in|over|of] {c}[|?]
what [should I wear|will I feel outside|do I need to wear] in {c}[| today]?
""" + ASK + """[check|show|look up|find|get|report|describe|fetch] the [weather|temperature|forecast|current weather|conditions|sky] [in|for|of] {c}
""" + TELL + """ [the|today's|some] [weather|temperature|forecast|weather report|sky conditions] [in|for|of] {c}
[I am going to|I travel to|I fly to|I live in|I am in|We are going to|My trip goes to] {c}[, how is the weather?|. What is the weather?|, what about the weather?|, will it rain?|. Is it cold there?]
[does it|will it|could it|is it going to] [snow|rain|freeze|storm|be sunny] in {c}[| today| now]?
how does the [weather|sky] look in {c}?
what does the [sky|weather] look like in {c}?
how many degrees [is it|are there|do they have] in {c}?
are there [clouds|storms|showers|any clouds] [in|over] {c}?
how are [things outside|the streets, wet or dry,|the clouds|temperatures] in {c}?
let me know [how warm it is|if it rains|the temperature|how the weather is] in {c}"""),
    "time": _lines("""
what [time|hour] [is it|is it now|is it right now] in {c}[| now| please]?
[what is|what's|tell me|give me|show me|check|get] the [time|local time|current time|hour|time of day|exact time] [in|for|at|of] {c}[| now| right now]?
[time|current time|local time|the time|clock|time now|exact time] [in|for|at|of|] {c}[| please| now|?]
{c}[|:|,] [time|local time|clock]
how late is it in {c}[| now]?
[can you|please|could you|will you] [check|show|look up|find|get|report|read|fetch] the [time|local time|clock|hour|current time] [in|for|of] {c}
""" + TELL + """ [the|the current|the exact] [time|local time|hour] [in|for|of] {c}
what [does the clock|does my watch|will a clock|would a clock] [say|show|read] in {c}?
what do [people's watches|watches|phones] [say|show|read] in {c}?
[I call someone in|I phone|my friend lives in|I am in|my plane lands in|I have a meeting in] {c}[, what time is it there?|, how late is it there?|. What is the time?]
do you know [what time it is|the time|the hour|how late it is] in {c}?
is it [late|early|morning|evening|past noon|noon|midnight|still early|lunch time|bedtime|day or night|already late|already morning|already evening|still day] in {c}[| now]?
[which time|what time|which hour] do they have in {c}[| now]?
let me know [what time it is|how late it is|the local time|the hour] in {c}
[when|at what time] are we in {c}?
[do they|do people] [sleep|work|have lunch|eat breakfast|still sleep|go to bed] [now in|right now in|already in|in] {c}?
[clocks|my watch|the church clock|watches] in {c}[: what do they say|, what time|?]"""),
    "convert": _lines("""
""" + ASK + """[convert|change|turn|express|translate|transform|switch|write|rewrite|calculate] {v} {a} [to|into|in|as] {b}
[how many|how much] {b} [are|is|in|make|equal|are there in|do I get for|does one get for] {v} {a}?
{v} {a} [in|to|into|as|= how many|is how many|are how many] {b}[|?| please]
[what is|what's|what are|how much is|how much are|how long is|how heavy is] {v} {a} [in|as|expressed in|converted to] {b}?
""" + TELL.replace("I need|", "") + """ {v} {a} [in|as|converted to] {b}
I have {v} {a}[, how many {b} is that?|, what is that in {b}?|. How much is it in {b}?]
[what does|how much does|how many {b} does] {v} {a} [make|equal|give|come to] in {b}?
[my recipe says|the sign says|the label says|it reads] {v} {a}[, what is it in {b}?|, I want {b}|, in {b}?]
{a} to {b}: {v}
[what|how much] [will|could|might] {v} {a} [be|make] [in|as] {b}?"""),
    "lookup": _lines("""
[what is|what's|who or what is|what exactly is|what on earth is] [a|an|the|||the term|the word] {t}?
[what does|what does the word|what would] {t} [mean|stand for]?
""" + ASK.replace("could you |", "") + """[define|look up|lookup|explain|describe|search for|find] [|||the word |the term |the meaning of |the definition of |a ]{t}[| in the dictionary]
[meaning|definition|explanation|dictionary|lookup|dictionary entry][ of|:| for] {t}
""" + TELL + """ [the meaning|the definition|an explanation|a definition|the dictionary entry] [of|for] {t}
[tell me|explain|do you know|I'd like to know|I want to know|I forgot|show me] what [|a |the word |the term ]{t} [means|is|stands for|describes]
what do [people|they|we|you] [mean by|understand by] [|a |the word ]{t}?
what is the [meaning|definition|sense] of [|the word |the term ]{t}?
[I don't know|I do not understand|I just heard|I am unsure about|I never heard|I forgot] the [word|term] {t}[|, what is it?|, can you help?|. Define it|, please explain]
I read about {t}[, what is it?|. What does it mean?|, please explain]
[help me|can you help me] [understand|with] the [word|term] {t}
[where|how] do I learn what {t} is?
[what is understood|what is described|what is intended] by [the word |the term |]{t}?
[the word|new word|word|term]: {t}"""),
    "weather2": _lines("""
[what is|what's|how is|tell me|give me|show me|check|get|compare] [the|the current|today's] [weather|temperature] [in|for|at|of] {L}[| today| now]?
[weather|current weather|temperature|temperatures|forecast|weather report] [in|for|of|] {L}[| please|?]
[is it|how] [raining|cold|warm|sunny|windy|hot|cloudy] in {L}?
what are the temperatures in {L}?
""" + ASK + """[check|show|look up|find|get|report|describe|compare] the [weather|temperature|forecast|sky] [in|for|of] {L}
""" + TELL + """ the [weather|temperature|forecast|weather report] [in|for|of] {L}
[I travel to|I am going to|I fly to] {L}, how is the weather?
how does the [weather|sky] look in {L}?
how are [things outside|the clouds|temperatures] in {L}?
let me know [how warm it is|how the weather is|the temperature] in {L}"""),
    "time2": _lines("""
what [time|hour] is it [|now ]in {L}[| now]?
[what is|what's|tell me|give me|show me|check|get|compare] the [time|local time|current time] [in|for|at|of] {L}[| now]?
[time|current time|local time|clock|times] [in|for|of|] {L}[| please|?]
how late is it in {L}?
[can you|please|could you|will you] [check|show|look up|find|get|compare] the [time|local time|clock] [in|for|of] {L}
""" + TELL + """ the [time|local time|hour] [in|for|of] {L}
what [does the clock|will a clock|would a clock] [say|show] in {L}?
what do [watches|phones] [say|show] in {L}?
let me know [what time it is|how late it is|the local time] in {L}"""),
    "addtemp": _lines("""
""" + ASK + """[add|sum|add up|total|sum up] the temperatures [of|in|for|from] {A} and {B}[| together]
[what is|what's|calculate|compute|tell me|give me|I want|find] the [sum of the temperatures|total of the temperatures|total temperature|temperature sum] [of|in|for] {A} and {B}[|?]
[temperature|the temperature] [in|of] {A} plus [temperature|the temperature] [in|of] {B}
{A} temperature plus {B} temperature
""" + ASK + """add the temperature [in|of] {A} to the temperature [in|of] {B}
what do the temperatures [of|in] {A} and {B} [add up to|make together|sum to|come to in total]?
how many degrees do {A} and {B} have [together|in total|in sum]?
""" + TELL + """ the sum of the temperatures [in|of] {A} and {B}
take the temperatures [of|in] {A} and {B} and [add|sum] them"""),
    "difftemp": _lines("""
how much [warmer|hotter|colder|cooler] is {A} than {B}?
how much [warmer|hotter|colder] is it in {A} than in {B}?
[what is|what's|tell me|give me|find|compute|calculate|show me] the [temperature difference|difference in temperature|difference of the temperatures] [between|of] {A} and {B}[|?]
""" + ASK + """subtract the temperature [of|in] {B} from the temperature [of|in] {A}
how many degrees [warmer|hotter|colder] is {A} than {B}?
[temperature difference|difference in temperature|degrees between] [of |between |]{A} and {B}
compare {A} and {B}: how much warmer is {A}?
is {A} [warmer|hotter|colder] than {B}[, and by how much?| and how much?]
[by how much|how far] [is|do] {A} and {B} [differ in temperature|apart in temperature]?
{A} is how [much|many degrees] [warmer|hotter] than {B}?
""" + TELL + """ how much [warmer|hotter] {A} is than {B}"""),
    "fahrenheit": _lines("""
[what is|what's|how is|tell me|give me|show me|check] the [weather|temperature|current temperature] [in|for|of] {c} in [Fahrenheit|degrees Fahrenheit|fahrenheit][|?]
[weather|temperature|forecast|current weather] [in|for|of] {c}[| in|, in| in degrees|,] [Fahrenheit|fahrenheit][| please|?]
[weather|temperature] {c} [Fahrenheit|fahrenheit]
[Fahrenheit|fahrenheit] [temperature|degrees|forecast|value|reading] [in|for|of|at] {c}[| now]
how many degrees Fahrenheit [is it|are there|do they have] in {c}?
how [warm|cold|hot] is it in {c}[| in|, in] [Fahrenheit|fahrenheit|degrees Fahrenheit]?
""" + TELL + """ the [weather|temperature] [in|for|of] {c} in [Fahrenheit|fahrenheit]
in [Fahrenheit|fahrenheit|degrees Fahrenheit], [what is the weather|how warm is it|how is the weather|what is the temperature] in {c}?
{c} [weather|temperature] in [Fahrenheit|fahrenheit]
use [Fahrenheit|fahrenheit]: [weather|temperature] in {c}
I [like|prefer|use|want] [Fahrenheit|fahrenheit], [how is the weather|what is the temperature|how warm is it|weather] in {c}?"""),
    "both": _lines("""
[|the |current |local ][weather and time|time and weather|weather and the time|time and the weather|weather and clock|temperature and time|weather, time|weather + time|weather with time|time plus weather] [in|for|of|at] {c}[| please| now|?]
[what is|what's|tell me|give me|show me|check|get|I need|I want|find|please tell me] the [weather and the time|weather and time|time and the weather|time and weather|weather and also the time|temperature and the time|weather as well as the time|time along with the weather] [in|for|of] {c}[|?]
[what is|what's|how is] the weather in {c} and [what time is it there|what is the time|how late is it|what's the time]?
[what time is it|how late is it] in {c} and [how is the weather|what is the weather|is it warm|how warm is it]?
{c}[:| -|,] [weather and time|time and weather|weather, time]
[both|I want both]: [weather and time|time and weather] [in|for] {c}
""" + ASK + """[check|get|look up|show|report] [the weather and the time|both weather and time|time and weather|weather and time] [in|for|of] {c}
[how warm|how cold] is it in {c} and what time is it[| there]?
[can I see|may I have|could I get|I would like] the [weather and the time|time together with the weather|weather and also the time|time and the weather] [in|for|of] {c}[|?]"""),
    "calc2": _lines("""
[what is|what's|how much is|tell me|give me|calculate|compute] {e} and [what is |what's |how much is |also |then |]{f}[|?]
[what are|tell me|give me|show me|I need|I want] {e} and {f}[|?]
""" + ASK + """[calculate|compute|evaluate|work out|solve|do|find] {e} [and|and then|and also|, then|, and] {f}
{e}[ and|;|,| and also|, then| and then] {f}
first {e}, then {f}
[two|both|two things|two questions|two tasks|a pair of sums|do both][:|, please:] {e} [and|;|, then] {f}
[what do|how much do] {e} and {f} [give|make|equal]?
[I have two sums|here are two sums|solve these two|two calculations]: {e} [and|;|,] {f}"""),
    "count": _lines("""
""" + ASK + """count [|up ][|from 1 |from one ]to {n}[| for me]
[list|write|say|show me|print|give me|tell me] [the|all|all the|] numbers [from 1 to|up to|1 to] {n}
numbers [from 1|1|from one] to {n}
[show me|print|write|say|list] 1 to {n}
[count|counting|keep counting] until [you reach |]{n}
can you count to {n}?
[begin|start] [at 1|at one|with 1] and [count|go] [up |]to {n}
[all|every] number[s|] from 1 to {n}
[one, two and so on|the numbers] up to {n}"""),
    "spell": _lines("""
""" + ASK + """spell [||out |me |for me ][||the word |the name ]{w}[| letter by letter| for me| slowly]
how [do you|do I|do we|does one|would you] [spell|write] [|the word ]{w}?
what is the spelling of [|the word ]{w}?
how is [|the word ]{w} [spelled|spelt|written]?
[spelling|letters] of {w}
[tell me|show me|explain|do you know] how [|you |I should |to ]spell {w}
[which|what] letters [are in|make up|has] [the word |]{w}?
[write|say|show me|list] {w} letter by letter
[tell me|show me|say|list|print] the letters [in|that make] [the word |]{w}
[I want|I need|name|type] [the letters|all letters|the spelling] [of|in|for] [the word |]{w}
[letter by letter|as letters|letters only|with dashes]: {w}
[show me|tell me|explain] [the spelling of {w}|how to write {w}|how one spells {w}]"""),
    "echo": _lines("""
[say|echo|please say|repeat after me|repeat this|copy this|write exactly|print|type|say exactly|please repeat|copy|answer with|reply with|just say|please write|can you say][:||:] {x}
[repeat|echo|copy|say|print|write down|return|show] [this|the text|the following|these words|exactly this]: {x}
[speak|talk|write] [like this|these words|as I do]: {x}"""),
}

HELD = {
    "calc": ["how large is {e}?", "help me calculate {e}", "I want to know what {e} makes"],
    "weather": ["should I take a coat in {c}?", "how are the skies in {c}?", "let me know the weather of {c}"],
    "time": ["is it already night in {c}?", "what do clocks show in {c}?", "let me know the time of {c}"],
    "convert": ["I need {v} {a} in {b}", "what would {v} {a} be in {b}?", "make {v} {a} into {b}"],
    "lookup": ["what is meant by {t}?", "could you define {t} for me?", "teach me the word {t}"],
    "weather2": ["how are the skies in {L}?", "let me know the weather of {L}"],
    "time2": ["what do clocks show in {L}?", "let me know the time of {L}"],
    "addtemp": ["give me the temperatures of {A} and {B} added together"],
    "difftemp": ["by how many degrees is {A} hotter than {B}?"],
    "fahrenheit": ["Fahrenheit weather for {c}, please"],
    "both": ["can I have the weather plus the time of {c}?"],
    "calc2": ["two sums for you: {e} and {f}"],
    "count": ["start counting and stop at {n}", "recite the numbers 1 to {n}"],
    "spell": ["give me the letters of {w}", "show how {w} is spelled"],
    "echo": ["speak after me: {x}", "output: {x}"],
}

# Sums in words: (phrasing, expression).  {a} and {b} are numbers.
_THINGS = "[apples|coins|books|cards|stamps|eggs|pens|shells|marbles|cookies|balls|tickets|stones|cups|toys]"
WORD_SUMS = {
    "train": [
        ("[|what is |what's |tell me |calculate |give me ]the sum of {a} and {b}", "{a}+{b}"),
        ("[|what is |compute |find |give me ]the product of {a} and {b}", "{a}*{b}"),
        ("[|what is |tell me |find ]the difference [between|of] {a} and {b}", "{a}-{b}"),
        ("[sum|sum of|add|add up|please add] {a} and {b}", "{a}+{b}"), ("add {a} to {b}", "{a}+{b}"),
        ("[product of|multiply|please multiply] {a} and {b}", "{a}*{b}"), ("[multiply|can you multiply] {a} [by|with] {b}", "{a}*{b}"),
        ("[divide|please divide|can you divide] {a} by {b}", "{a}/{b}"), ("[difference between|difference of] {a} and {b}", "{a}-{b}"),
        ("[subtract|take|take away] {a} from {b}", "{b}-{a}"), ("take {a} away from {b}", "{b}-{a}"),
        ("[what is|how much is|] {a} percent of {b}", "{a}*{b}/100"), ("[what is|how much is|] {a}% of {b}", "{a}*{b}/100"),
        ("[|what is |tell me ]the square of {a}", "{a}*{a}"), ("[half of|what is half of|the half of] {a}", "{a}/2"),
        ("[double|twice|what is twice|two times] {a}", "{a}*2"), ("[triple|three times] {a}", "{a}*3"),
        ("I [have|own|see|count] {a} " + _THINGS + " and [buy|get|find|win|pick up] {b} more. How many [do I have|are there|is that]?", "{a}+{b}"),
        ("[there are|a box holds|we have] {a} " + _THINGS + " and {b} more [come|arrive|are added|follow], how many [is that|in all|are there now]?", "{a}+{b}"),
        ("I had {a} " + _THINGS + " and [lost|sold|gave away|ate|dropped] {b}. How many are left?", "{a}-{b}"),
        ("{a} [boxes|crates|trays|packs|tables|shelves|jars] with {b} " + _THINGS + " each, how many [are there|in all|" + _THINGS + "]?", "{a}*{b}"),
        ("[split|share|divide] {a} [euros|dollars|" + _THINGS + "] [among|between] {b} [people|friends|children]", "{a}/{b}"),
        ("a [shirt|book|ticket|chair|hat] costs {a} [euros|dollars], how much are {b} of them?", "{a}*{b}"),
        ("I pay {a} and then {b} [dollars|euros], how much is it in total?", "{a}+{b}"),
        ("there are {a} rows of {b} [seats|trees|chairs], how many [seats|trees|chairs]?", "{a}*{b}"),
        ("I am {a} and my [brother|sister|friend] is {b}, how old are we together?", "{a}+{b}")],
    "held": [
        ("total of {a} and {b}", "{a}+{b}"),
        ("{a} birds sit there and {b} more come, how many are there?", "{a}+{b}"),
        ("{a} bags with {b} nuts each, how many nuts?", "{a}*{b}")],
}

FOLLOW = {"train": ["[and|what about|how about|and for|and in|same for|now|now for|the same for|and what about|also|and how about] {c}[|?|, please?]", "and in {c}?",
                    "{c}[, too|, too, please| too, please|, also]", "[again|once more|repeat that|the same|same question|same thing|the same again] [for|in] {c}[|, please|?]", "I [also want|also meant|meant] {c}"],
          "held": ["try {c} too", "do the same with {c}", "{c} as well?"]}

# No-tool small talk: (training phrasings, held-out phrasings, answer)
FIXED = {
    "greet": (["[hello|hi|hey|howdy|greetings][| there| spark| you| my friend| again, spark| everybody][|!|.]", "good [morning|evening|afternoon|day][| spark|!]", "yo", "hi hi", "hello hello"],
              ["hiya", "hello again"], "Hello! How can I help you?"),
    "who": (["[who|what] are you[| exactly| really]?", "[what is|what's|tell me|say] your name[|, please|?]", "your name?", "[tell me|say something|talk] about yourself", "who am I talking to?",
             "are you [a robot|human|an AI|a person|real|a machine|a computer|alive|a bot]?", "[introduce|describe|present] yourself", "who is this?", "what model [are you|is this]?",
             "how [should|can|do|may] I call you?", "what do they call you?", "do you have a name?", "[tell me|say|explain] who [I am talking to|this is|I talk with]"],
            ["how are you called?", "say who you are"], "I am {me}, a tiny language model with tools."),
    "what": (["what can you [do|do for me|help with]?", "help[| me|!|, please]", "[how|what] can [you help|I ask|I do here|you help me with][| me]?", "what [are your tools|are your skills|tools do you have|do you know|are you good at]?",
              "[which|what] tools [do you have|can you use|are there]?", "list your [tools|skills|abilities]", "show [your skills|me your tools|me what you know]", "how do you work?", "give me some examples",
              "[tell me|explain|say] [what you are able to do|your skills|how you can help|what your tools are]", "[which|what] [tasks|questions|skills] can you [do|answer|handle]?", "what are you able to do?"],
             ["tell me what you can do", "which things can you do?"], "I can calculate, convert units, look up words, and tell the weather and the time."),
    "thanks": (["[|ok, |great, |perfect, |cool, |nice, |good, |super, |wow, |oh, ][thanks|thank you|thx|many thanks|thanks a lot|thank you very much|thank you a lot|thanks so much][|!|.| spark]", "[that helped|that was helpful|good job|well done], thanks"],
               ["thank you so much", "ok thanks"], "You are welcome!"),
    "bye": (["[bye|goodbye|good bye|see you|good night|bye bye|farewell|ciao|take care|see you later|talk to you later|see you tomorrow|until tomorrow|until later][|!|.| spark]", "that is all, bye", "I have to go[|, bye]", "bye for now", "I am leaving now"],
            ["goodbye now", "see you soon"], "Goodbye!"),
    "howare": (["how are you[| doing| today| feeling| spark]?", "how do you [do|feel]?", "[how is|how's] [it going|life|your day]?", "are you [ok|well|fine|good|all right]?", "what's up?", "[all|everything] [good|fine|well|ok]?",
                "how have you [felt|slept]?", "you [good|fine|all right]?", "feeling [well|good|ok]?", "have you been well?"],
               ["how have you been?", "you ok?"], "I am fine, thank you. How can I help you?"),
    "other": (["[write|sing|compose|invent|read|find|make] [me |][a|an|the|another] [poem|song|story|joke|essay|letter|novel|play|riddle|speech|tale|book] [about|for|on] [cats|love|war|my boss|a dragon|the sea|winter|my mother|snow|trees|the moon|a king]",
               "[tell|read|give] me [a joke|a secret|a story|a riddle|some gossip|the news|a fairy tale|something nice|something new|a funny story|something about cats]",
               "[book|cancel|find|reserve|order] [me |][a|the|my] [flight|restaurant|pizza|taxi|train|table|room|car|ticket|hostel|doctor]",
               "[who|what] [is the president|won the game|invented the phone|wrote Hamlet|is love|is the best team|built this house|made this|took my bike|was the first king|wrote this]?",
               "[what is|what's|tell me|who is|do you know] the [capital|population|area|currency|language|mayor|flag|president|king|size|history|best hotel|anthem] of {c}[?|]",
              "[how far is|how do I get to|where is|how big is|how old is|why is] {c}?", "[draw|buy|sell|paint|fetch|wash|bring|order|cook] [me |][a|the|my] {w}", "[who|where|why|when] is [the|my|a] {w}?",
              "[write|compose|sing] [a poem|a song|a story|an essay] about [a|the] {w}",
              "[why|where|when] [is the sky blue|is Easter|is my phone|are my shoes|is my car|are you sad|do we sleep|is the exit|are my glasses|did he go|was Rome built|are we going]?",
               "[play|stop|draw|buy|send|open|fix|close|turn on|turn off|clean|paint] [some music|a picture|milk|an email|the door|my computer|the light|the window|a message|my car|the radio|a house]",
               "[translate|summarize|write|explain] [this|this book|that text|python code|my essay|this page|this to French]", "[what|where] should I [eat|do|read|buy|go|cook]?",
               "[how do I|how can I|can you|could you|do you|will you] [cook rice|get rich|drive|dance|sing|swim|fly|like me|love me|draw a cat|fix a bike|make tea|play chess|remember me]?",
               "[set|start|stop] [an alarm|a timer|my alarm|the oven]", "remind me [tomorrow|to call my mother|later]", "recommend a [movie|book|song|game|dish]", "call my [mother|father|boss|friend]",
               "I [feel|am] [sad|bored|tired|hungry|happy|sick|lonely]", "[why|how|what|when|where|who]?", "make me [laugh|happy|a sandwich|rich|smile]", "do my [homework|taxes|laundry]", "give me [advice|money|a hint|hope]",
               "what is your favorite [color|food|song|city]?", "what do you think about [politics|war|art|football|me]?", "[blah blah|asdf|test|qwerty|lalala|foo bar|xyz|hmm|ok then]", "are we alone?", "how old is [the universe|your mother|this tree]?"],
              ["write a song about rain", "tell me something funny", "book a hotel", "where are my keys?", "who painted this?"], "Sorry, I cannot do that."),
}

PREFIX = [""] * 14 + ["please ", "hey, ", "hi, ", "ok, ", "hello, ", "now ", "so, ", "and ", "quick question: ", "also, ", "well, ", "hi spark, ", "hey spark, ", "then ", "one more: ", "good, "]
SUFFIX = [""] * 8 + [" please", " thanks", " for me", " now", "!", ".", ", thank you", ", please"]
SYSTEMS = ["You are {me}, a tiny assistant with tools.", "You are a helpful assistant.", "Use the tools.", "Be brief.", "Be concise.", "You are an assistant.", "Answer briefly.",
           "You are a helpful assistant with access to tools.", "Answer with the help of tools.", "You are {me}.", "You are a helpful assistant with tools. Be concise."]


def as_regex(pattern):
    out = re.sub(r"[.?*+()^$]", lambda m: "\\" + m.group(), pattern)
    return out.replace("[", "(?:").replace("]", ")").replace("{", "\\{").replace("}", "\\}")


def check():
    """No held-out sentence can come out of a training pattern (punctuation, capitals, prefixes and suffixes apart)."""
    plain = lambda s: s.lower().rstrip("?!. ")
    pre = "(?:" + "|".join(re.escape(p) for p in {p for p in PREFIX if p}) + ")?"
    suf = "(?:" + "|".join(re.escape(plain(s)) for s in {s for s in SUFFIX if s}) + ")?[?!.]?"
    small_talk = [p for ps, _, _ in FIXED.values() for p in ps]                # is not given prefixes and suffixes
    trained = [p for ps in TRAIN.values() for p in ps] + [p for p, _ in WORD_SUMS["train"]] + FOLLOW["train"] + small_talk
    held = [s for ss in HELD.values() for s in ss] + [s for s, _ in WORD_SUMS["held"]] + FOLLOW["held"] + [s for _, ss, _ in FIXED.values() for s in ss]
    held = [re.sub(r"\{[a-zA-Z]\}", "{x}", plain(s)) for s in held]
    for p in trained:
        body = as_regex(re.sub(r"\{[a-zA-Z]\}", "{x}", p.lower()))
        rx = re.compile(body + "[?!.]?" if p in small_talk else pre + body + suf)
        for s in held:
            for form in (s, s + "?"):
                assert not rx.fullmatch(form), (p, s)


if __name__ == "__main__":
    check()
    print("no held-out sentence can be produced by a training phrasing")
