"""Options of the domain ``text``."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from rgan_kit.contracts import Options


class TextOptions(Options):
    """How text becomes sequences of symbols."""

    level: Literal["auto", "character", "word", "subword"] = Field(
        "auto",
        description="what a symbol is: a character, a word, a piece of one (byte-pair encoding), or what suits",
    )
    tokenize: Literal["space", "punctuation"] = Field(
        "space",
        description="level=word: words between spaces, or punctuation apart and every word with the space before it, "
        "so that the text comes back as it was",
    )
    merges: int = Field(
        2000, ge=1, le=100_000, description="level=subword: pairs of symbols that become one, the most frequent first"
    )
    unit: Literal["auto", "line", "paragraph", "file", "window"] = Field(
        "auto",
        description="what a sample is: a line (or record), what stands between blank lines, a whole file, a window of "
        "running text, which has no end, or what suits",
    )
    window_length: int = Field(
        0,
        ge=0,
        le=4096,
        description="symbols in a window; 0 for 128 characters, 64 subwords or 32 words (unit=window)",
    )
    context: float = Field(
        0.25, ge=0, le=0.9,
        description="share of a window that is read and not scored, as it is scored in the window before",
    )  # fmt: skip
    stride: int = Field(
        0, ge=0, le=65536,
        description="symbols from one window's start to the next; 0 for what is scored of a window",
    )  # fmt: skip
    min_count: int = Field(
        0, ge=0, le=10**6,
        description="rarer symbols become the unknown one; 0 for 2 where there are over 1,000 different ones, else 1",
    )  # fmt: skip
    max_vocabulary: int = Field(
        10_000,
        ge=1,
        le=500_000,
        description="most different symbols (subwords: characters, merges come on top); the rarest go first",
    )
    max_length: int = Field(
        0, ge=0, le=65_536,
        description="longer samples are left out; 0 for the longest, but at most 256 characters or 64 words of a line, "
        "and 4,096 characters or 1,024 words of a paragraph or file",
    )  # fmt: skip
    validation_share: float = Field(0.1, gt=0, le=0.5, description="share of the samples held out from training")
    held_out: tuple[str, ...] = Field(
        (), max_length=4096, description="files and folders for validation, in place of a share of the samples"
    )
    equal_lines: Literal["anywhere", "together"] = Field(
        "anywhere",
        description="where repeated lines go: training or validation as chance has it, or all on one side",
    )
    labels: Literal["auto", "none", "file", "folder"] = Field(
        "auto",
        description="where a sample's class stands: in .tsv, .csv and .jsonl files where they have one, nowhere, in "
        "the name of its file, or in that of its folder",
    )
    columns: Literal["label-text", "text-label"] = Field(
        "label-text", description="order of the two columns of a .tsv file that does not name them in its first line"
    )
    text_key: str = Field(
        "text", min_length=1, max_length=100, description="key (.jsonl) or column name (.tsv, .csv) of the text"
    )
    label_key: str = Field(
        "label", min_length=1, max_length=100, description="key (.jsonl) or column name (.tsv, .csv) of the class"
    )
    embedded: Literal["language", "oracle"] = Field(
        "language",
        description="without data: sentences of a small language, or sequences of 20 out of 5,000 symbols that a "
        "recurrent network of random weights writes (the oracle of SeqGAN and Texygen)",
    )
    embedded_sentences: int = Field(
        2000, ge=10, le=200_000, description="training sentences (or sequences) drawn from it"
    )
