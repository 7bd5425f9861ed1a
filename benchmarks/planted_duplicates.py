"""Short English and Chinese texts with planted near-duplicates and hard negatives.

A family is one text and its edited copies: the true group. Siblings of a family are texts of the
same pattern with another number or another name: they look alike, say other things, and count
as mistakes when they are grouped. Every edit keeps the number and the name.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass


def _words(text: str) -> list[str]:
    return text.split()


ENGLISH_SURNAMES = _words("""
    Keller Marchetti Okafor Lindqvist Petrov Nakamura Fitzgerald Dubois Hernandez Kowalski Osei
    Bergstrom Castellano Whitfield Ramaswamy Novak Thornbury Delacroix Mbeki Sorensen Abernathy
""")
ENGLISH_NAMES = _words("""
    Anna Giorgio Chidi Astrid Ivan Hiroshi Maeve Claude Lucia Tomasz Kwame Ingrid Paolo Edith
    Anand Jana Rupert Celine Thabo Mikkel Prudence Oskar Beatrice Yusuf Wilhelmina Dmitri
""")
ENGLISH_FILLERS = _words("""
    please really kindly just also again now actually still maybe
""")
ENGLISH_KINDS = _words("""
    Logistics Insurance Holdings Pharmacy Telecom Furniture Airlines Bakery
""")
CHINESE_NAMES = _words("""
    王建国 李秀英 张晓梅 刘德胜 陈思远 杨文博 赵雅婷 黄志强 周佳慧 吴俊杰 徐丽娟 孙浩然
""")
CHINESE_PLACES = _words("""
    北京 上海 广州 深圳 杭州 成都 武汉 南京 西安 重庆
""")
CHINESE_BRANDS = _words("""
    云帆 晨星 华瑞 金桥 鼎盛 蓝海 百川 远景 新禾 天悦 宏图 启明
""")
CHINESE_KINDS = _words("""
    科技公司 物流公司 保险公司 大药房 家具城 电器行 贸易公司 餐饮店
""")
CHINESE_FILLERS = _words("""
    请 真的 麻烦 现在 一直 还是 其实 可能 尽快 再次
""")
CHINESE_WORDS = _words("""
    我们 你们 他们 客户 订单 快递 退款 账户 密码 手机 电脑 发票 地址 优惠 价格 商品 质量 颜色
    尺寸 型号 包装 仓库 物流 客服 店铺 会员 积分 余额 银行 支付 转账 到账 失败 成功 取消 修改
    申请 审核 通过 拒绝 昨天 今天 明天 上周 下午 早上 已经 没有 不能 可以 需要 应该 希望 觉得
    发现 收到 寄出 购买 使用 安装 下载 更新 登录 注册 绑定 解除 联系 咨询 投诉 评价 满意 生气
    着急 奇怪 方便 便宜 昂贵 漂亮 结实 破损 衣服 鞋子 裙子 冰箱 空调 洗衣机 电视 耳机 充电器
    键盘 鼠标 相机 手表 眼镜 背包 雨伞 沙发 桌子 椅子 台灯 北京 上海 广州 深圳 杭州 成都 武汉
    南京 西安 重庆 苹果 香蕉 牛奶 面包 茶叶 咖啡 大米 鸡蛋 蔬菜 海鲜 医院 学校 公司 机场 车站
    酒店 餐厅 超市 图书馆 电影院 公园 地铁 火车 飞机 汽车 司机 老师 医生 警察 律师 天气 下雨
    晴朗 寒冷 炎热 季节 春天 夏天 秋天 冬天 音乐 电影 小说 新闻 比赛 足球 篮球 游泳 跑步 旅行
    为什么 怎么办 多少钱 什么时候 在哪里 有没有 能不能 是不是 要不要 会不会 突然 终于 几乎 仍然
    马上 立刻 经常 偶尔 永远 刚刚
""")


@dataclass(frozen=True)
class Planted:
    """texts; family of each, equal for true duplicates; kind: how each text was made."""

    texts: list[str]
    family: list[int]
    kind: list[str]


@dataclass(frozen=True)
class _Sentence:
    """Words, of which `kept` (a number or a name) must survive every edit; `gap` joins words."""

    words: tuple[str, ...]
    kept: int | None
    gap: str

    def text(self) -> str:
        return self.gap.join(self.words)

    def named(self) -> str:
        """Kind of a sibling, by what is other in it."""
        assert self.kept is not None
        what = "number" if self.words[self.kept].isdigit() else "name"
        return f"sibling by {what}, {'English' if self.gap else 'Chinese'}"


def plant(
    size: int, *, vocabulary: list[str], seed: int, sibling_fraction: float = 0.12
) -> Planted:
    """About `size` texts, shuffled: most in families of one, others of two to four, and siblings.
    vocabulary: running English words, with their frequency and order.
    sibling_fraction: of the texts with a number or a name, how many get one or two siblings; the
    precision that can be reached hangs on it."""
    rng = random.Random(seed)
    rows: list[tuple[str, int, str]] = []
    family = 0
    while len(rows) < size:
        sentence = _english(rng, vocabulary) if rng.random() < 0.6 else _chinese(rng)
        siblings = (
            rng.choice((1, 1, 2))
            if sentence.kept is not None and rng.random() < sibling_fraction
            else 0
        )
        for made in (sentence, *(_sibling(rng, sentence) for _ in range(siblings))):
            rows.append((made.text(), family, "base" if made is sentence else made.named()))
            for _ in range(rng.choice((1, 1, 2, 3)) if rng.random() < 0.16 else 0):
                text, kind = _edited(rng, made)
                rows.append((text, family, kind))
            family += 1
    rng.shuffle(rows)
    return Planted([r[0] for r in rows], [r[1] for r in rows], [r[2] for r in rows])


def pair_score(representative: list[int], family: list[int]) -> dict[str, float]:
    """Precision and recall over pairs of rows in one group, against pairs in one family."""
    found, true, both = (
        _pairs(key)
        for key in (representative, family, list(zip(representative, family, strict=True)))
    )
    precision, recall = both / max(found, 1), both / max(true, 1)
    return {"precision": precision, "recall": recall, "true_pairs": true, "found_pairs": found}


def _pairs(keys: list) -> int:
    counts: dict[object, int] = defaultdict(int)
    for key in keys:
        counts[key] += 1
    return sum(n * (n - 1) // 2 for n in counts.values())


def _english(rng: random.Random, vocabulary: list[str]) -> _Sentence:
    length = rng.randint(5, 18)
    words, at = [], rng.randrange(len(vocabulary))
    for _ in range(length):
        # Runs of two or three words of real text, then a jump: natural pieces, new sentences.
        at = rng.randrange(len(vocabulary)) if rng.random() < 0.4 else (at + 1) % len(vocabulary)
        words.append(vocabulary[at])
    return _with_detail(rng, words, " ", _english_name)


def _chinese(rng: random.Random) -> _Sentence:
    words = [rng.choice(CHINESE_WORDS) for _ in range(rng.randint(5, 16))]
    return _with_detail(rng, words, "", _chinese_name)


def _english_name(rng: random.Random) -> str:
    """A person or a company."""
    second = rng.choice(ENGLISH_SURNAMES)
    if rng.random() < 0.5:
        return f"{rng.choice(ENGLISH_NAMES)} {second}"
    return f"{second} {rng.choice(ENGLISH_KINDS)}"


def _chinese_name(rng: random.Random) -> str:
    if rng.random() < 0.5:
        return rng.choice(CHINESE_NAMES)
    return "".join(map(rng.choice, (CHINESE_PLACES, CHINESE_BRANDS, CHINESE_KINDS)))


def _with_detail(
    rng: random.Random, words: list[str], gap: str, name: Callable[[random.Random], str]
) -> _Sentence:
    if rng.random() < 0.4:
        return _Sentence(tuple(words), None, gap)
    place = rng.randrange(1, max(2, len(words) // 2))
    detail = name(rng) if rng.random() < 0.3 else _number(rng)
    return _Sentence((*words[:place], detail, *words[place:]), place, gap)


def _number(rng: random.Random) -> str:
    return str(rng.randrange(10 ** rng.randint(2, 7)))


def _sibling(rng: random.Random, sentence: _Sentence) -> _Sentence:
    assert sentence.kept is not None
    old = sentence.words[sentence.kept]
    new = old
    while new == old:
        if old.isdigit():
            new = _number(rng)
        else:
            new = _english_name(rng) if sentence.gap else _chinese_name(rng)
    words = (*sentence.words[: sentence.kept], new, *sentence.words[sentence.kept + 1 :])
    return _Sentence(words, sentence.kept, sentence.gap)


def _edited(rng: random.Random, sentence: _Sentence) -> tuple[str, str]:
    kinds = rng.sample(sorted(_EDITS), 2 if rng.random() < 0.15 else 1)
    for kind in kinds:
        sentence = _EDITS[kind](rng, sentence)
    if "writing" in kinds:
        return _written_otherwise(rng, sentence.text()), "+".join(kinds)
    return sentence.text(), "+".join(kinds)


def _free(rng: random.Random, sentence: _Sentence) -> int:
    return rng.choice([i for i in range(len(sentence.words)) if i != sentence.kept])


def _typos(rng: random.Random, sentence: _Sentence) -> _Sentence:
    words = list(sentence.words)
    characters = len(sentence.text())
    for _ in range(1 + (characters > 60 and rng.random() < 0.5)):
        i = _free(rng, sentence)
        words[i] = _typo(rng, words[i])
    return _Sentence(tuple(words), sentence.kept, sentence.gap)


def _typo(rng: random.Random, word: str) -> str:
    at = rng.randrange(len(word))
    other = rng.choice("etaoinshrdlu" if word.isascii() else "的了是在有和就不人都")
    made = (
        word[:at] + other + word[at:],
        word[:at] + other + word[at + 1 :],
        word[:at] + word[at + 1 :] if len(word) > 1 else word + other,
        word[:at] + word[at + 1 : at + 2] + word[at] + word[at + 2 :],
    )
    return rng.choice(made)


def _swapped(rng: random.Random, sentence: _Sentence) -> _Sentence:
    words = list(sentence.words)
    free = [i for i in range(len(words) - 1) if sentence.kept not in (i, i + 1)]
    i = rng.choice(free)
    words[i], words[i + 1] = words[i + 1], words[i]
    return _Sentence(tuple(words), sentence.kept, sentence.gap)


def _inserted(rng: random.Random, sentence: _Sentence) -> _Sentence:
    at = rng.randrange(len(sentence.words) + 1)
    filler = rng.choice(ENGLISH_FILLERS if sentence.gap else CHINESE_FILLERS)
    kept = sentence.kept
    if kept is not None and kept >= at:
        kept += 1
    words = (*sentence.words[:at], filler, *sentence.words[at:])
    return _Sentence(words, kept, sentence.gap)


def _truncated(rng: random.Random, sentence: _Sentence) -> _Sentence:
    drop = max(1, round(len(sentence.words) * rng.uniform(0.05, 0.15)))
    return _Sentence(sentence.words[:-drop], sentence.kept, sentence.gap)


def _unchanged(rng: random.Random, sentence: _Sentence) -> _Sentence:
    return sentence


def _written_otherwise(rng: random.Random, text: str) -> str:
    """Case, width, punctuation and space: what normalising should set aside."""
    if not text.isascii():
        wide = {ord(d): ord(d) + 0xFEE0 for d in "0123456789"}
        return rng.choice(
            (text + "。", text + "！！", text.translate(wide), f" {text}", f"“{text}”")
        )
    return rng.choice(
        (
            text.upper(),
            text.title(),
            text + "!!",
            f'"{text}"',
            text.replace(" ", "  "),
            text + " ...",
        )
    )


_EDITS: dict[str, Callable[[random.Random, _Sentence], _Sentence]] = {
    "typo": _typos,
    "swap": _swapped,
    "insertion": _inserted,
    "truncation": _truncated,
    "writing": _unchanged,
}
