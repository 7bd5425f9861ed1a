import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undercut.build.data.language import LanguageConfig, identify
from undercut.core.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("我的快递什么时候到", "zh-Hans"),
        ("我的快遞什麼時候到", "zh-Hant"),
        ("你好", "zh"),
        ("我的iPhone15ProMax出问题了", "zh-Hans"),
        ("この店の料理はおいしい", "ja"),
        ("優の良品，好吃", None),
        ("배송이 언제 되나요", "ko"),
        ("Πού είναι η παραγγελία μου", "el"),
        ("איפה ההזמנה שלי", "he"),
        ("สินค้าของฉันอยู่ที่ไหน", "th"),
        ("मेरा ऑर्डर कहाँ है", "hi"),
        ("12345 !!", None),
        ("", None),
        ("😀👍", None),
    ],
)
def test_writing_decides(text: str, code: str | None) -> None:
    found = identify(text).code
    assert found == code or (code is None and found is not None and found.startswith("zh"))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("I still have not received my card", "en"),
        ("Wo bleibt meine Bestellung, ich warte schon lange", "de"),
        ("Je n'ai toujours pas reçu ma commande", "fr"),
        ("¿Dónde está mi pedido? Llevo una semana esperando", "es"),
        ("Где мой заказ, я жду уже неделю", "ru"),
        ("Де моє замовлення, я чекаю вже тиждень", "uk"),
        ("أين طلبي أنا أنتظر منذ أسبوع", "ar"),
        ("Siparişim nerede, bir haftadır bekliyorum", "tr"),
    ],
)
def test_the_model_decides_within_a_script(text: str, code: str) -> None:
    pytest.importorskip("py3langid")
    assert identify(text).code == code


def test_addresses_are_in_no_language() -> None:
    assert identify("https://example.com/where-is-my-order me@example.com").code is None


def test_too_little_to_go_by_is_unsure() -> None:
    pytest.importorskip("py3langid")
    assert identify("ok").code is None


def test_fewer_languages_are_surer() -> None:
    two = LanguageConfig(languages=frozenset({"en", "zh"}))
    assert identify("ok", two).code == "en"
    assert identify("привет", two).code is None
    with pytest.raises(ConfigError, match="tlh"):
        LanguageConfig(languages=frozenset({"tlh"}))


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(exclude_categories=())))
def test_any_text_is_answered(text: str) -> None:
    pytest.importorskip("py3langid")
    assert 0.0 <= identify(text).confidence <= 1.0 + 1e-6
