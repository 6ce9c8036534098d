"""Entries of a YAML file as blocks of lines."""

from pipeline.adapt import blocks

TEXT = """\
# The head.
things:
  # Of the first alone.
  first:                 # one
    deep: {a: 1}         # inside

    # Still inside.
    list:
      - 2

  second: {b: 2}         # two

  # Of the third.
  third:
    c: 3
    # The end of the third.

# About the others.
others:
  first: {d: 4}
  last: 5
"""


def test_an_entry_goes_with_its_comments_and_nothing_else() -> None:
    without = blocks.removed(TEXT, "things", ["third"])
    assert without == TEXT.replace(
        "\n  # Of the third.\n  third:\n    c: 3\n    # The end of the third.\n", ""
    )
    without = blocks.removed(TEXT, "things", ["first"])
    assert without.startswith("# The head.\nthings:\n  second: {b: 2}         # two\n")
    assert blocks.removed(TEXT, "others", ["first", "last"]).endswith("# About the others.\nothers:\n")


def test_a_copy_has_the_lines_of_its_entry_and_a_comment_of_its_own() -> None:
    text = blocks.copied(TEXT, "things", "first", "fourth", "second", "another")
    assert text.count("    # Still inside.\n") == 2
    expected = "  second: {b: 2}         # two\n\n  fourth:  # another\n    deep: {a: 1}         # inside\n"
    assert expected in text
    assert blocks.removed(text, "things", ["fourth"]) == TEXT
