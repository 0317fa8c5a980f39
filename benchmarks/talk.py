"""The load of a chat: each sender says the next thing when the last one is acknowledged, as the protocol asks."""

from __future__ import annotations

import asyncio
import gc
import random
import time
from collections.abc import Sequence

from benchmarks.loops import until
from benchmarks.report import Row, percentile
from benchmarks.sockets import TEXT, Socket, frame

# fmt: off
_WORDS = (
    "你好", "请问", "这个", "订单", "什么", "时候", "发货", "我", "昨天", "买", "了", "两", "件",
    "颜色", "不对", "可以", "换", "吗", "谢谢", "快递", "还", "没有", "到", "麻烦", "查", "一下",
    "地址", "写错", "了", "能", "改", "吗", "退款", "几天", "到账", "发票", "开", "公司", "抬头",
    "尺码", "偏大", "有", "没有", "优惠", "券", "DD438485", "SF1029", "help", "order", "明天",
    "急用",
)
# fmt: on
_ACK, _NACK, _PUSH = b'{"t":"ack"', b'{"t":"nack"', b'{"t":"push"'
_MESSAGE = b'"from":"customer","sender":'  # stands in a thread's row of a customer's message and nowhere else


def texts(count: int, seed: int) -> list[str]:
    """Short messages as customers write them, 10 to 60 characters, the same for each seed."""
    rng = random.Random(seed)
    found = []
    for _ in range(count):
        wanted, text = rng.randint(10, 60), ""
        while len(text) < wanted:
            text += rng.choice(_WORDS)
        found.append(text)
    return found


class Ears:
    """The other side: counts the messages that its screens were told of."""

    def __init__(self) -> None:
        self.messages = 0
        self.bytes = 0

    def __call__(self, payload: bytes) -> None:
        self.bytes += len(payload)
        if payload.startswith(_PUSH):
            self.messages += 1
        else:
            self.messages += payload.count(_MESSAGE)


class Round:
    """What is common to the senders of one round."""

    def __init__(self) -> None:
        self.talking = True
        self.measuring = False
        self.waits: list[float] = []
        self.sent = 0
        self.acked = 0
        self.refused: bytes | None = None


class Sender:
    """One in flight; the answer sends the next. The server writes `t` first, so a frame is known by its beginning."""

    def __init__(self, name: str, said: Sequence[str], socket: Socket, common: Round) -> None:
        self._heads = f'{{"t":"command","id":"{name}-'.encode()
        self._tails = [f'","do":"send","args":{{"text":"{text}"}}}}'.encode() for text in said]
        self._n = 0
        self._at = 0.0
        self._id = b""
        self._socket = socket
        self._round = common
        socket.heard = self.hear

    def say(self) -> None:
        self._n += 1
        self._round.sent += 1
        number = b"%06d" % self._n
        self._id = number + b'"'
        payload = self._heads + number + self._tails[self._n % len(self._tails)]
        self._at = time.perf_counter()
        self._socket.write(frame(TEXT, payload))

    def hear(self, payload: bytes) -> None:
        if payload.startswith(_ACK):
            common = self._round
            if self._id not in payload[:100]:
                common.refused = payload
            common.acked += 1
            if common.measuring:
                common.waits.append(time.perf_counter() - self._at)
            if common.talking:
                self.say()
        elif payload.startswith(_NACK):
            self._round.refused = payload


async def talk(
    sockets: Sequence[Socket], ears: Ears, seconds: float, warm_up: float, name: str
) -> tuple[Row, float]:
    """One round. Answers the figures, and the seconds from the last ack to the other side having been told of all."""
    common = Round()
    said = texts(64, 7)
    heard_before = ears.messages
    senders = [Sender(f"{name}-{n:04d}", said[n % 16 :], socket, common) for n, socket in enumerate(sockets)]
    for sender in senders:
        sender.say()
    await asyncio.sleep(warm_up)
    gc.collect()
    gc.disable()
    common.measuring = True
    begun = time.perf_counter()
    await asyncio.sleep(seconds)
    common.measuring = False
    passed = time.perf_counter() - begun
    gc.enable()
    common.talking = False
    await until(lambda: common.acked == common.sent or common.refused is not None, within=30)
    told = await until(lambda: ears.messages - heard_before >= common.acked, within=30)
    if common.refused is not None:
        raise RuntimeError(f"the server refused: {common.refused[:500]!r}")
    if ears.messages - heard_before != common.acked:
        raise RuntimeError(
            f"{common.acked} acknowledged, {ears.messages - heard_before} told to the other side"
        )
    row: Row = {
        "sent": common.acked,
        "messages_per_s": len(common.waits) / passed,
        "ack_p50_ms": percentile(common.waits, 0.5) * 1000,
        "ack_p99_ms": percentile(common.waits, 0.99) * 1000,
    }
    return row, told
