"""What every domain does with a user's files: finding them, knowing them again, holding some out, cutting windows,
opening strangers' files in a process apart, and checking a decoder's manifest. Numpy alone; for plugin authors too."""

from rgan_kit.files.census import Census, census
from rgan_kit.files.encodings import as_utf8
from rgan_kit.files.finding import Found, by_number, count_files, find
from rgan_kit.files.fingerprint import Fingerprint, digest_of, fingerprint
from rgan_kit.files.lengths import length_shares
from rgan_kit.files.manifests import DecoderManifest, one_of
from rgan_kit.files.naming import numbered
from rgan_kit.files.refusals import UnreadableError, missing, nothing_usable
from rgan_kit.files.sandbox import Answer, Question, Sandbox, ask_all
from rgan_kit.files.splits import Split, at_random, by_group, by_name, by_time
from rgan_kit.files.windows import Spans

__all__ = [
    "Census",
    "census",
    "Found",
    "UnreadableError",
    "as_utf8",
    "by_number",
    "count_files",
    "find",
    "missing",
    "nothing_usable",
    "Fingerprint",
    "digest_of",
    "fingerprint",
    "length_shares",
    "DecoderManifest",
    "numbered",
    "one_of",
    "Answer",
    "Question",
    "Sandbox",
    "ask_all",
    "Split",
    "at_random",
    "by_group",
    "by_name",
    "by_time",
    "Spans",
]
