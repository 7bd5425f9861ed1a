from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from undercut.core.text import ScriptMix, dominant_script, looks_english, script_mix

ENGLISH = ["My card has not arrived yet", "How do I top up with cash?", "What's the exchange rate?"]
CHINESE = ["我的银行卡还没有到", "房间很干净，服务也好", "iPhone 屏幕坏了怎么办，可以换新的手机吗"]
OTHERS = {
    "german": ["Meine Karte ist noch nicht angekommen", "Wie kann ich das Konto schließen?"],
    "french": ["Ma carte n'est pas arrivée", "Je ne peux pas payer avec mon compte"],
    "spanish": ["Mi tarjeta no ha llegado", "No puedo pagar con la cuenta que tengo"],
    "italian": ["La mia carta non è arrivata", "Non riesco a pagare con il conto"],
    "portuguese": ["O meu cartão não chegou", "Como posso fechar uma conta?"],
    "dutch": ["Mijn kaart is niet aangekomen", "Hoe kan ik met het geld betalen?"],
    "swedish": ["Mitt kort har inte kommit", "Hur kan jag betala med det?"],
    "indonesian": ["Kartu saya tidak datang", "Bagaimana dengan uang saya yang ini?"],
    "vietnamese": ["Thẻ của tôi chưa đến", "Tôi không thể thanh toán"],
    "turkish": ["Kartım henüz gelmedi", "Neden ödeme yapamıyorum"],
}


@pytest.mark.parametrize(
    ("texts", "script"),
    [
        (ENGLISH, "latin"),
        (CHINESE, "cjk"),
        (["カードがまだ届きません", "카드가 아직 안 왔어요"], "cjk"),
        (ENGLISH + CHINESE, "mixed"),
        (["Моя карта не пришла"], "mixed"),
        ([], "latin"),
        (["", "123 !!", "👍🏽"], "latin"),
        (["ＡＢＣ ｆｏｏ"], "latin"),
    ],
)
def test_dominant_script(texts: list[str], script: str) -> None:
    assert dominant_script(texts) == script


def test_each_text_weighs_the_same() -> None:
    long_english = "this is a long and winding sentence about a bank card " * 20
    texts = [long_english] * 8 + ["卡丢了"] * 2
    assert script_mix(texts).cjk == pytest.approx(0.2)
    assert dominant_script(texts) == "mixed"


def test_english_and_what_is_not() -> None:
    assert looks_english(ENGLISH)
    assert looks_english(["card lost", "pin reset"])
    assert looks_english([])
    assert not looks_english(CHINESE)
    for language, texts in OTHERS.items():
        assert not looks_english(texts), language


def test_the_shipped_data_is_english() -> None:
    import csv
    from importlib import resources

    asset = resources.files("undercut") / "assets" / "banking77" / "test.csv"
    rows = list(csv.DictReader(asset.read_text(encoding="utf-8").splitlines()))
    assert looks_english([row["text"] for row in rows])


@given(st.lists(st.text(max_size=30), max_size=10))
def test_shares_sum_to_one_or_nothing(texts: list[str]) -> None:
    mix = script_mix(texts)
    letters = any(character.isalpha() for text in texts for character in text)
    assert mix.latin + mix.cjk + mix.other == pytest.approx(1.0 if letters else 0.0)
    assert dominant_script(texts) == dominant_script(texts[::-1])
    looks_english(texts)


def test_a_sample_stands_for_a_large_set() -> None:
    assert script_mix(["abc", "好"] * 100_001 + ["x"]) != ScriptMix(0.0, 0.0, 0.0)
    assert dominant_script(["a" * 2_000_000]) == "latin"
