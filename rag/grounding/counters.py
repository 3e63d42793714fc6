"""Counters, the words behind a Korean number that say what kind of thing it counts, and which cannot mean the same.

Takes and returns names of units (units.py) and of counters. 3마리 are no 3권, but 3개 may be 3편.
"""

from __future__ import annotations

from rag.grounding.units import HARD_UNITS

# What is counted by any word of a line may be counted by the others.
_LINES = """
마리 필 두
권
편
통
점
줄 행
쌍 켤레
세트
벌
라운드
배치
문장
문단 단락
채 동
칸
호 가구 세대 호구
그루
송이
대 기
척
석 섬
되
말
홉
냥
근
리
병
잔 컵
숟가락 스푼 큰술
작은술 티스푼
조각
그릇
상자
봉지
자루
쪽 페이지
장
절
항
조
곡
경기 게임
골
이닝
학년
학기
단계
팀
승
패
무
정
문
량
발
표
집
화
막
차
촌
개국 나라 국가
노트
바퀴
걸음
레인
학점
세이브
음절
샘플
"""
_CLASS = {word: line.split()[0] for line in _LINES.split("\n") if line for word in line.split()}
# Loose words: 개 counts whatever is neither a person nor an animal; 3위, 세 번째 and 3대 go with what has an order.
_LOOSE = frozenset(["item", "ordinal", "대"])
_OWN = frozenset("마리 석 되 말 홉 냥 근 리 통 표 골 승 패 무 촌 노트 걸음 학점 세이브".split())
_UNORDERED = _OWN | frozenset("채 점 그루 송이 잔 병 쌍 벌 그릇 숟가락 작은술 조각 자루 상자 봉지".split())
_DATED = frozenset(["day", "century"])
_AKIN = frozenset(
    frozenset(pair)
    for line in """
times 승 패 무 골 차 경기 화 fold epoch 라운드 바퀴 세트
person 석 표 팀 쌍 대
age year 대
점 골 point
편 곡 권 화 장
장 쪽 집 화 조
호 채 칸
쌍 벌 세트 마리
경기 차 승 패 이닝
조 팀
차 라운드
layer 단계
word 음절
대 척
byte bit
집 권
""".splitlines()
    for first, *others in [line.split() or [""]]
    for pair in ((first, other) for other in others)
)


def counter_class(word: str) -> str:
    """The name that stands for all counters of a kind, "" for what is no counter."""
    return _CLASS.get(word, "")


def apart(one: str, other: str) -> bool:
    """Whether two units or counters cannot be of the same amount; "" goes with every one."""
    pair = frozenset([one, other])
    if not one or not other or one == other or pair in _AKIN:
        return False
    loose = pair & _LOOSE
    if len(loose) != 1:
        return not loose
    (rest,) = pair - loose
    if "item" in loose:
        return rest in HARD_UNITS or rest in _OWN
    if rest in _DATED and "ordinal" in loose:
        return False
    return rest != "person" and (rest in HARD_UNITS or rest in _UNORDERED)
