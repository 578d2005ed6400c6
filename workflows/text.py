"""A sentence in both languages, and enumerations whose members carry one."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self


@dataclass(frozen=True, slots=True)
class Text:
    """The same words in Chinese and in English.

    >>> Text("已关闭", "closed").of("zh-CN")
    '已关闭'
    """

    zh: str
    en: str

    def of(self, lang: str) -> str:
        """The Chinese words for a tag that starts with ``zh``, the English ones for any other."""
        return self.zh if lang.lower().startswith("zh") else self.en


class Worded(StrEnum):
    """A stored value with its name in both languages: ``MEMBER = "value", "中文", "English"``."""

    text: Text

    def __new__(cls, value: str, zh: str = "", en: str = "") -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.text = Text(zh, en)
        return member

    def of(self, lang: str) -> str:
        """The name of the member in one language."""
        return self.text.of(lang)
