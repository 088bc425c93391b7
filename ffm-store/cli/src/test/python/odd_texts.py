"""Texts that tokenizers are known to differ in, for hf_tokens.py and llama_cpp_tokens.py: PLAIN, and TEXTS, which are these and
each between special tokens of some models."""

PLAIN = [
    "Hello, world!",
    "",
    " ",
    "  ",
    " leading space",
    "trailing space ",
    "  two  inside   three    four     five ",
    "\n",
    "\n\n",
    "line\nline\n\nline\n\n\n   indented\r\nwindows\rold",
    "\ttab\t\ttabs\t",
    " \n \n  \n",
    "x = 3.14159; y = [1, 22, 333, 4444, 55555]; z = 1e-9",
    "007 1234567890 0x1F ½ ² ٣٤٥ १२३ Ⅷ",
    "def f(a, b):\n    if a >= b:\n        return {'a': a, \"b\": b}\n    # no\n    return f\"{a!r}\\n\"\n",
    "for (int i = 0; i < n; ++i) { a[i] <<= 2; }\t// <tag attr=\"v\">&amp;</tag>",
    "I'm you're he's we've they'll I'd DON'T Can't O'Neill 'quoted' ’s",
    "don't  DON'T I'LL it'S",
    "ÀÉÎõü ñ ß ẞ Ærøskøbing żółć",
    "e\u0301 o\u0308 (combining)",
    "Привет, мир! Καλημέρα κόσμε",
    "שלום עולם مرحبا بالعالم",
    "日本語のテキスト、中文文本。한국어 텍스트",
    "हिन्दी में पाठ ภาษาไทย",
    "😀👍🏽👨‍👩‍👧‍👦🇩🇪 ❤️ ♥ ☃",
    "\u00a0non-breaking\u2009thin\u3000wide\u200bzero\ufeffmark",
    "\u2581 lower block \u2581\u2581twice",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "ababababababababab baba",
    "---- ==== **** ____ .... !!!! ???? ---===***",
    "$100,000.00 50% #hashtag @user https://example.org/a?b=c&d=e#f a_b-c.d",
    "\U00010348 \U0001d54f \ue000 \U0010ffff \u0378",
    "\u0001\u0007\u001b[31m\u007f",
    "CamelCaseAndSCREAMING_SNAKE and ﬁ ligature, ﬀ",
    "The quick brown fox jumps over the lazy dog. " * 4,
]

SPECIAL = ["<|im_start|>", "<file_sep>", "<start_of_turn>", "<table>", "</s>", "<tool>", "<|end|>"]
TEXTS = PLAIN + [special + text + special for special in SPECIAL for text in PLAIN]
