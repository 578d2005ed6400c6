"""A text in both languages of the product."""

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
