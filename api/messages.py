"""What people read when something goes wrong, in Korean and English, by the code of the problem.

A plain table of text; knows no error class, no HTTP and no terminal. A problem's code is the name of
its error in snake case (`no_index`), or what HTTP calls it (`not_found`). Where the error's own sentences
are known in Korean (api/korean.py), they say it better than the sentence for the code.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from api.korean import in_korean

Language = Literal["ko", "en"]


@dataclass(frozen=True, slots=True)
class ProblemText:
    """A problem in both languages; `detail` stands in where no error brings its own message.

    `particulars` says that the error's own (English) message holds names or numbers that the Korean
    sentence lacks, so that a terminal shows it as well.
    """

    title: str
    title_ko: str
    detail_ko: str
    detail: str = ""
    particulars: bool = False


PROBLEMS: dict[str, ProblemText] = {
    # Errors of the house (rag/errors.py).
    "ask_notes_error": ProblemText("Something went wrong", "문제가 생겼습니다", "문제가 생겼습니다.", particulars=True),
    "bad_input": ProblemText(
        "Input cannot be used", "입력을 쓸 수 없습니다", "넣어 주신 값을 쓸 수 없습니다.", particulars=True
    ),
    "empty_question": ProblemText(
        "Empty question", "질문이 비어 있습니다", "질문이 비어 있습니다. 궁금한 것을 한 문장으로 적어 주세요."
    ),
    "question_too_long": ProblemText(
        "Question too long", "질문이 너무 깁니다", "질문이 너무 깁니다. 핵심만 남겨 짧게 적어 주세요.", particulars=True
    ),
    "bad_notes": ProblemText(
        "Notes cannot be read",
        "노트를 읽을 수 없습니다",
        "노트를 읽을 수 없습니다. 경로와 파일 형식을 확인해 주세요.",
        particulars=True,
    ),
    "bad_dataset": ProblemText(
        "Data set cannot be read",
        "데이터셋을 읽을 수 없습니다",
        "평가 데이터셋이나 결과를 읽을 수 없습니다.",
        particulars=True,
    ),
    "unknown_document": ProblemText(
        "No such note",
        "없는 노트입니다",
        "그런 노트가 색인에 없습니다. 그 사이에 바뀌었을 수 있으니 다시 물어봐 주세요.",
    ),
    "bad_configuration": ProblemText(
        "Setting does not fit", "설정이 맞지 않습니다", "설정이 맞지 않습니다.", particulars=True
    ),
    "encoder_mismatch": ProblemText(
        "Index made with another encoder",
        "색인과 임베딩 모델이 다릅니다",
        "색인을 만든 임베딩 모델과 설정한 모델이 다릅니다. 설정을 되돌리거나 노트를 다시 넣어 주세요.",
        particulars=True,
    ),
    "storage_refused": ProblemText(
        "Storage refused",
        "저장할 수 없습니다",
        "디스크에 쓸 수 없습니다. 남은 공간과 쓰기 권한을 확인해 주세요.",
        particulars=True,
    ),
    "address_taken": ProblemText(
        "Address taken", "주소를 쓸 수 없습니다", "그 주소나 포트를 쓸 수 없습니다.", particulars=True
    ),
    "not_ready": ProblemText(
        "Not ready yet", "아직 준비 중입니다", "아직 답할 준비가 되지 않았습니다. 잠시 뒤에 다시 시도해 주세요."
    ),
    "no_index": ProblemText(
        "Nothing ingested yet",
        "아직 넣은 노트가 없습니다",
        "아직 넣은 노트가 없습니다. 터미널에서 `ask-notes ingest 노트폴더`를 먼저 실행해 주세요.",
    ),
    "damaged_index": ProblemText(
        "Index damaged",
        "색인이 손상되었습니다",
        "색인이 손상되어 열 수 없습니다. `ask-notes ingest`로 다시 만들어 주세요.",
        particulars=True,
    ),
    "no_model": ProblemText(
        "Model missing", "모델을 찾을 수 없습니다", "설정한 모델을 찾거나 불러올 수 없습니다.", particulars=True
    ),
    "generation_failed": ProblemText(
        "No answer was written",
        "답을 쓰지 못했습니다",
        "답을 쓰다가 문제가 생겼습니다. 다시 물어봐 주세요.",
        particulars=True,
    ),
    "deadline_exceeded": ProblemText(
        "Took too long",
        "시간이 너무 오래 걸렸습니다",
        "정해진 시간 안에 답을 다 쓰지 못했습니다. 잠시 뒤에 다시 물어봐 주세요.",
    ),
    "cancelled": ProblemText("Stopped", "중지했습니다", "답을 기다리는 사람이 없어 중지했습니다."),
    "busy": ProblemText("Busy", "지금은 바쁩니다", "지금은 바쁩니다. 잠시 뒤에 다시 시도해 주세요."),
    "queue_full": ProblemText(
        "Too many questions waiting",
        "기다리는 질문이 많습니다",
        "지금 기다리는 질문이 많습니다. 잠시 뒤에 다시 물어봐 주세요.",
    ),
    "shutting_down": ProblemText(
        "Shutting down", "서버가 멈추는 중입니다", "서버가 멈추는 중이라 새 질문을 받지 않습니다."
    ),
    "index_locked": ProblemText(
        "Another ingest is running",
        "다른 작업이 색인을 쓰고 있습니다",
        "다른 작업이 색인을 쓰고 있습니다. 끝난 뒤에 다시 실행해 주세요.",
        particulars=True,
    ),
    "gate_not_met": ProblemText(
        "Gate not met", "기준에 미치지 못했습니다", "평가 기준에 미치지 못했습니다.", particulars=True
    ),
    # What HTTP itself refuses.
    "bad_request": ProblemText(
        "Bad request",
        "요청을 읽을 수 없습니다",
        "요청을 읽을 수 없습니다.",
        "The request cannot be read. Send JSON in UTF-8 with Content-Type: application/json.",
    ),
    "unauthorized": ProblemText(
        "API key needed",
        "API 키가 필요합니다",
        "이 서버는 API 키가 필요합니다. 키를 확인해 주세요.",
        "This server asks for an API key. Send it as `Authorization: Bearer KEY`.",
    ),
    "not_found": ProblemText(
        "Not found",
        "찾을 수 없습니다",
        "그런 주소는 없습니다.",
        "There is nothing at this address. /docs lists what is.",
    ),
    "method_not_allowed": ProblemText(
        "Method not allowed",
        "허용되지 않는 요청 방식입니다",
        "이 주소에는 다른 요청 방식을 써야 합니다.",
        "This address takes another method; the Allow header names it.",
    ),
    "body_too_large": ProblemText(
        "Request too large",
        "요청이 너무 큽니다",
        "요청이 너무 큽니다. 대화를 새로 시작하거나 질문을 줄여 주세요.",
        "The body is larger than server.max_body_bytes. Send a shorter question or history.",
    ),
    "wrong_host": ProblemText(
        "Wrong host name",
        "다른 이름으로 접속했습니다",
        "이 서버는 이 컴퓨터에서만 열 수 있습니다. 서버가 알려 준 주소로 접속해 주세요.",
        "This server answers to localhost only. Open the address that `ask-notes serve` printed.",
    ),
    "invalid_request": ProblemText(
        "Request does not fit",
        "요청 형식이 맞지 않습니다",
        "요청의 값이 맞지 않습니다. 어느 값인지는 errors에 있습니다.",
        "The request does not have the expected form.",
    ),
    "internal_error": ProblemText(
        "Unexpected error",
        "예상하지 못한 오류입니다",
        "서버에서 예상하지 못한 오류가 났습니다. 서버의 로그에 자세한 내용이 있습니다.",
        "Something unexpected happened. The server's log has the particulars.",
    ),
    "http_error": ProblemText(
        "Request refused", "요청이 거절되었습니다", "요청이 거절되었습니다.", "The request was refused."
    ),
}


def code_of(error: type[BaseException]) -> str:
    """The code of an error class: NoIndex -> no_index."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", error.__name__).lower()


def detail_ko(code: str, message: str) -> str:
    """What a problem says in Korean: its own sentences where they are known, else that for its code."""
    text = PROBLEMS[code]
    return (in_korean(message) if text.particulars else None) or text.detail_ko


def told(language: Language, code: str, message: str) -> str:
    """An error in one line: the message itself in English; in Korean its own sentences, or that for its code."""
    flat = " ".join(message.split())
    if language == "en" or code not in PROBLEMS:
        return flat
    known, text = detail_ko(code, message), PROBLEMS[code]
    return f"{known} ({flat})" if text.particulars and flat and known == text.detail_ko else known


def in_language(language: Language, text: str) -> str:
    """A sentence of the floors below, in Korean where it is known and Korean is spoken."""
    return (in_korean(text) or text) if language == "ko" else text
