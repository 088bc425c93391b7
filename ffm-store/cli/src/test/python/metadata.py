"""Prints the metadata of a GGUF file as gguf-py reads it.

usage: metadata.py FILE

One JSON object a line for each key, in the file's order: key, type and value; for an array also elementType (null if it is empty:
gguf-py does not keep it then), the value being the list of all elements.
"""

import json
import sys

from gguf import GGUFReader, GGUFValueType


def describe(field):
    entry = {"key": field.name, "type": field.types[0].name}
    if field.types[0] == GGUFValueType.ARRAY:
        entry["elementType"] = field.types[1].name if len(field.types) > 1 else None
    entry["value"] = field.contents() if entry.get("elementType", "") is not None else []
    return entry


def main(file):
    for field in GGUFReader(file).fields.values():
        # what gguf-py itself adds: the numbers at the head of the file
        if not field.name.startswith("GGUF."):
            print(json.dumps(describe(field)))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
