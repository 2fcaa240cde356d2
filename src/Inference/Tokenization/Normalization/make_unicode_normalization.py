"""Writes unicode-normalization.txt.br: what the Unicode normalization forms need, from Python's own copy of the Unicode character database.

    python3 make_unicode_normalization.py | brotli -q 11 -o unicode-normalization.txt.br     # or any other Brotli encoder

Lines: CODE:CLASS          canonical combining class (decimal), where it is not 0
       CODE=CODES          canonical decomposition, one step, which composes again
       CODE-CODES          canonical decomposition, one step, excluded from composition
       CODE~CODES          compatibility decomposition, one step
"""
import sys
import unicodedata

print(f"# Unicode {unicodedata.unidata_version}")
for code in range(sys.maxunicode + 1):
    character = chr(code)
    combining = unicodedata.combining(character)
    if combining:
        print(f"{code:X}:{combining}")
    decomposition = unicodedata.decomposition(character)
    if not decomposition:
        continue
    compatibility = decomposition.startswith("<")
    parts = decomposition.split()[1:] if compatibility else decomposition.split()
    composes = unicodedata.normalize("NFC", "".join(chr(int(part, 16)) for part in parts)) == character
    print(f"{code:X}{'~' if compatibility else '=' if composes else '-'}{' '.join(f'{int(part, 16):X}' for part in parts)}")
