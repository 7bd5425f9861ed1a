"""The words before a number that say what it is."""

from __future__ import annotations

import re

_REACH = 28

_NUMBERED_THINGS = re.compile(
    r"(?:\border|\bticket|\bcase|\bpart|\bsku|\binvoice|\bref(?:erence)?|\btracking|\bmodel|\bisbn|"
    r"\bissn|\bserial|\bparcel|\bshipment|\btransaction|\bbatch|\bitem|\bproduct|\bpolicy|"
    r"\bconfirmation|\bbooking|\breceipt|\bupc|\bean|\bimei|\btimestamp|\bbuild|\bdoi|\bclaim|\baccount|\bcard|\bcustomer|\bmember|\bstudent|\bemployee|\bregistration|\blicen[cs]e|\btax|\babn|"
    r"订单|单号|编号|编码|快递|运单|流水|工单|货号|型号|票号|批次|条码|条形码|时间戳|序列号|书号|"
    r"统一社会信用代码|税号|学号|工号|案号|合同|发票|商品|店铺|会员号|卡券|房源|qq|微信|群号)"
    r"(?:\s?(?:number|num|no\.?|nr\.?|id|code|is|was|号码|号|为|是|码))*[\s#:：.=（(,，-]*\Z",
    re.IGNORECASE,
)
_PHONE_WORDS = re.compile(
    r"(?:\b(?:tele)?phone|\btel|\bcell|\bmobile|\bmob|\bcall(?:ed|ing)?|\btext(?:ed)?|\bring|\bfax|"
    r"\bdial|\breach|\bwhatsapp|\bsms|\bhotline|\bcontact|\bph|\bnumber|\bnr|\bring me|"
    r"电话|手机|座机|热线|联系方式|致电|拨打|来电|联系|传真|打|拨|tel|机号)"
    r"(?:\s?(?:number|num|no|nr|is|at|on|to|me|us|him|her|them|my|cell|mobile|back|号码|号|为|是|了|我|到|这个|这)\b\.?"
    r"|号码|号|为|是|到|这个|这|我|了)*[\s:：.=（(,，]*\Z",
    re.IGNORECASE,
)
_PHONE_AFTER = re.compile(
    r"[\s,，(（]{0,2}(?:(?:is|was|as|be)\s)?(?:(?:my|our|his|her|their|the|a|是|为|这个|我的?|他的?|她的?)\s?)*"
    r"(?:(?:old|new|work|home|cell|mobile)\s)?(?:(?:tele)?phone|cell|mobile|手机|电话|座机)",
    re.IGNORECASE,
)


def numbers_a_thing(text: str, start: int) -> bool:
    """Whether an order, a parcel, a product or the like is what the number at `start` names."""
    return _NUMBERED_THINGS.search(text[max(0, start - _REACH) : start]) is not None


def announces_phone(text: str, start: int) -> bool:
    """Whether the words before `start` say that a telephone number follows."""
    return _PHONE_WORDS.search(text[max(0, start - _REACH) : start]) is not None


def explains_phone(text: str, end: int) -> bool:
    """Whether the words after `end` say that what stood before is a telephone number."""
    return _PHONE_AFTER.match(text, end, end + _REACH) is not None
