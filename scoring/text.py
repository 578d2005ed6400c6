"""A text in both languages of the product."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Text:
    """One text in Chinese and in English."""

    zh: str
    en: str

    def of(self, lang: str) -> str:
        """The text for a language tag: Chinese for `zh…`, English for everything else.

        >>> Text(zh="总分", en="Total").of("zh-CN")
        '总分'
        """
        return self.zh if lang.lower().startswith("zh") else self.en


Names = Mapping[str, Text]
"""What an organisation calls its metrics and units, by the codes that its sheets use."""
