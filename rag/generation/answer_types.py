"""What a question's noun lets one expect of the answer's ending: 정당 -> ...당, 나라 -> ...국, 언어 -> ...어.

A short table, no gazetteer. Knows neither questions nor sentences as a whole.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class AnswerType:
    """A class of answers: the nouns that ask for it, and how its names end."""

    name: str
    nouns: frozenset[str]
    ending: re.Pattern[str]


def _type(name: str, nouns: str, endings: str) -> AnswerType:
    return AnswerType(name, frozenset(nouns.split()), re.compile(f"(?:{'|'.join(map(re.escape, endings.split()))})$"))


_TYPES = (
    _type(
        "group",
        "기관 회사 단체 정당 학교 팀 집단 부대 부족 세력 조직 당 언론사 구단 클럽 가문 민족 군대 대학 대학교 업체 "
        "기업 밴드 그룹 소속 언론 정부 교회 부서 함대 학파",
        "당 사 회 군 군대 대 팀 부 청 원 국 기관 은행 부대 족 인 파 교 가 학교 구단 "
        "그룹 정부 단 연맹 협회 조직 신문 방송 일보",
    ),
    _type(
        "place",
        "나라 국가 도시 지역 장소 곳 위치 마을 섬 본거지 출생지 고향 건물 시설 국적 수도 지방 대륙 역 산 강",
        "시 군 구 도 국 현 주 섬 산 강 역 성 항 만 촌 리 동 마을 지역 지방 대륙 공원 학교 궁 사원 성당 교회 아 관 "
        "장 소 원 절 사 로 해협 반도 부근 일대 광장 극장 란드 스탄 타운",
    ),
    _type(
        "work",
        "작품 영화 책 소설 노래 앨범 드라마 글 잡지 신문 곡 저서 게임 프로그램 제목 음반 "
        "서적 시 문서 기사 법 조약 경전",
        '》 〉 」 』 ” ’ " 록 서 집 기 경 전 법 조약 가 도 곡 지 사 편',
    ),
    _type(
        "office",
        "직책 직위 직업 신분 계급 관직 지위 벼슬 역할 자격 작위 보직 전공",
        "관 장 왕 사 원 직 총리 의원 위원 감독 대사 부장 판서 교수 자 가 수 참 위 령 졸 제 사령 "
        "군수 후작 공작 백작 황제 비 학",
    ),
    _type(
        "event",
        "전쟁 전투 사건 조약 운동 대회 행사 축제 경기 반란 혁명 작전 재해 사고 의식 제도 정책 계획",
        "전쟁 전투 사건 운동 혁명 난 조약 대회 축제 전 제 컵 작전 사고 정변 회의 참사 지진 공방전 식 경기 "
        "제도 정책 계획 법",
    ),
    _type("word", "언어 말 문자 단어 용어 명칭 이름 별명 별칭 호 표현 호칭", "어 문자 말 ’ ” ' \" 」"),
    _type(
        "thing",
        "물질 재료 음식 동물 식물 도구 무기 물건 원소 성분 자원 약 약물 질병 병 증상 부위 장비 기구 화폐",
        "물 소 산 제 약 병 증 암 총 포 검 칼 창 석 염 기 균 이 리 나무 고기 기계 장치 체 철 금 은 동 유 액",
    ),
    _type(
        "way",
        "방법 방식 수단 과정 기술 이론 개념 학문 사상 종교 양식 장르 종류 형태 특징 성격 원리 현상",
        "법 식 술 론 학 교 주의 화 형 성 작용 방식 방법 양식 효과 현상 원리 설",
    ),
)


@lru_cache(maxsize=256)
def expects(noun: str) -> AnswerType | None:
    """The class of answers that `noun` asks for, by itself or by its ending; None where the table is silent."""
    if not noun:
        return None
    exact = next((kind for kind in _TYPES if noun in kind.nouns), None)
    return exact or next((kind for kind in _TYPES if any(len(n) > 1 and noun.endswith(n) for n in kind.nouns)), None)
