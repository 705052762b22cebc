"""Writes what Python says to the cases of the tests: python reference.py (CPython 3.11 or later)."""

import json
import re

TEXTS = ["", "a", "it's a-b C2d", "straße ΣΑΣ ǆ", " \t\x1c\u00a0x y\u3000\n", "αβγδε", "they're bill's friends", "HELLO wORLD"]
rows = []
for s in TEXTS:
    methods = {"upper": s.upper(), "lower": s.lower(), "capitalize": s.capitalize(), "title": s.title(),
               "strip": s.strip(), "lstrip": s.lstrip(), "rstrip": s.rstrip(), "length": str(len(s))}
    for a, b in [(0, 3), (-3, -1), (2, 99), (5, 2), (-99, 2), (1, 0)]:
        methods[f"slice {a} {b}"] = s[a:b]
    rows.append({"text": s, "methods": methods})

PATTERNS = [
    (r"(\d+)-(?P<x>\w+)", "12-ab 7-c", r"<\g<x>|\1>"),
    (r"(?P<first>a)(b)?", "ab a", r"[\2\g<first>]"),
    (r"x*", "abxd", "-"),
    (r"(?<=a)b(?!c)", "abc abd", r"\\\n"),
    (r"(a)(?P<q>b)(c)\2", "abcb", r"\3\2\1"),
    (r"(?P<w>\w)(?P=w)", "hello moon", r"\g<w>"),
    (r"[[a]", "[b]a", "x"),
    (r"[a-z-[aeiou]]", "b-]", "x"),
    (r"a{,2}b", "aaab b", "x"),
    (r"^\w+$", "one\ntwo", "x"),
    (r".+", "one\ntwo", "x"),
    (r"\d+\Z", "12 34", "x"),
    (r"(?i:A)b", "ab Ab aB", "x"),
    (r"(a)?(?(1)b|c)", "ab c", "x"),
    (r"(", "abc", "x"),
    (r"a**", "abc", "x"),
    (r"\p{L}", "abc", "x"),
    (r"(?<n>a)", "abc", "x"),
    (r"a", "abc", r"\9"),
    (r"a", "abc", r"\q"),
    (r"a", "abc", r"\g<n"),
    (r"(a)", "abc", r"\g<1>0\061"),
    (r"é", "É é", "e"),
    (r"\bw\w*", "two words wow", "W"),
    (r"", "ab", "."),
    (r"(?#note)b(?x: c )", "abc", "x"),
    (r"\w+", "naïve café", "x"),
    (r"[]a]+", "]a[", "x"),
    (r"\U0001F600|\u00e9", "😀é", "x"),
    (r"\w+", "a\u0301b x\u203fy a\u200db ²½Ⅷ٣ _", "x"),
    (r"\W+", "a\u0301b x\u203fy", "x"),
    (r"[\w-]+", "a\u0301b-c", "x"),
    (r"\b", "a\u0301b c", "|"),
    (r"\B", "a\u0301b c", "|"),
    (r"\s+", "a\x1cb\x85c\u2028d", "x"),
    (r"[\s,]+|\S", "a\x1f,b", "x"),
]
regexes = []
for pattern, text, template in PATTERNS:
    for flags in [0, re.I, re.M, re.S]:
        row = {"pattern": pattern, "text": text, "template": template, "flags": int(flags)}
        try:
            r = re.compile(pattern, flags)
            row["matches"] = [[m.group(i) or "" for i in range(r.groups + 1)] for m in r.finditer(text)]
        except re.error:
            row["error"] = "pattern"
            regexes.append(row)
            continue
        try:
            row["sub"], row["sub1"] = r.sub(template, text), r.sub(template, text, count=1)
        except (re.error, IndexError):
            row["error"] = "template"
        regexes.append(row)

with open("python.json", "w") as f:
    json.dump({"texts": rows, "regexes": regexes}, f, indent=0, ensure_ascii=True)
    f.write("\n")
