"""Renders snippets.txt, Families/*.jinja and the built-in templates over conversations.json with Python's own Jinja2, set up as model
libraries set it up for chat templates, and writes goldens.json.

    pip install jinja2==3.1.6
    python3 make-goldens.py
"""
import datetime
import json
import pathlib

import jinja2
import jinja2.ext
from jinja2.sandbox import ImmutableSandboxedEnvironment

HERE = pathlib.Path(__file__).parent
NOW = datetime.datetime(2026, 3, 5, 14, 7, 9)
VALUES = {
    "x": {
        "n": 3, "s": "hello", "none": None, "list": [1, 2, 3], "float": 0.1, "big": 9007199254740993, "neg": -7, "unicode": "na\u00efve \u2603",
        "people": [{"name": "Ann", "age": 30}, {"name": "Bob", "age": 41, "admin": True}, {"name": "Cid", "age": 35}],
    }
}
TOOLS = [
    {"type": "function", "function": {"name": "get_weather", "description": "Weather of a \"city\".", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}},
    {"type": "function", "function": {"name": "calculator", "description": "", "parameters": {"type": "object", "properties": {}}}},
]


class Generation(jinja2.ext.Extension):
    tags = {"generation"}

    def parse(self, parser):
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)


def tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols])
environment.filters["tojson"] = tojson
environment.globals["raise_exception"] = raise_exception
environment.globals["strftime_now"] = NOW.strftime


def render(source, values):
    try:
        return {"text": environment.from_string(source).render(**values)}
    except jinja2.exceptions.TemplateError as refused:
        return {"refused": str(refused)}


def conversation(given):
    return {
        "messages": given["messages"], "tools": TOOLS if given.get("tools") else None, "documents": None, "add_generation_prompt": True,
        "bos_token": "<s>", "eos_token": "</s>",
    }


snippets = [line.rstrip("\n").replace("\\n", "\n") if not line.startswith("{{ '") and not line.startswith('{{ "') else line.rstrip("\n") for line in
            (HERE / "snippets.txt").read_text().splitlines(keepends=True)]
templates = sorted((HERE / "Families").glob("*.jinja")) + sorted((HERE / "../../../src/Inference/Chat/Templates").resolve().glob("*.jinja"))
conversations = json.loads((HERE / "conversations.json").read_text())
goldens = {
    "now": NOW.isoformat(),
    "values": VALUES,
    "tools": TOOLS,
    "snippets": [{"template": snippet, **render(snippet, VALUES)} for snippet in snippets],
    "conversations": [
        {"template": template.name, "conversation": name, **render(template.read_text(), conversation(given))}
        for template in templates for name, given in conversations.items()
    ],
}
(HERE / "goldens.json").write_text(json.dumps(goldens, ensure_ascii=False, indent=1) + "\n")
print(len(goldens["snippets"]), "snippets,", len(goldens["conversations"]), "conversations")
