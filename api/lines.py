"""The terminal's own lines, in Korean and English; problems have their texts in messages.py."""

from __future__ import annotations

from api.messages import Language

LINES: dict[str, tuple[str, str]] = {
    "opening": ("노트를 여는 중…", "Opening the notes…"),
    "fallback": ("알림: {why}", "Note: {why}"),
    "error": ("오류: {what}", "Error: {what}"),
    "unexpected": (
        "예상하지 못한 오류입니다: {what}. --debug 를 붙여 다시 실행하면 자세히 보여 줍니다.",
        "Unexpected error: {what}. Run it again with --debug for the particulars.",
    ),
    "stopped": ("중지했습니다.", "Stopped."),
    "closest": ("노트에서 가장 가까운 부분", "Closest in the notes"),
    "nothing_found": ("맞는 부분을 찾지 못했습니다.", "Nothing in the notes fits."),
    "why_words": ("낱말: {rank}위, BM25 {score:.2f}", "Words: rank {rank}, BM25 {score:.2f}"),
    "why_meaning": ("뜻: {rank}위, {score:.3f}", "Meaning: rank {rank}, {score:.3f}"),
    "why_matched": ("함께 나오는 말 (드문 정도): {terms}", "Shared words (how rare): {terms}"),
    "why_fused": ("합친 점수: {score:.3f}", "Both together: {score:.3f}"),
    "why_second": ("다시 본 점수: {score:.2f} ({shares})", "Second look: {score:.2f} ({shares})"),
    "leg_weight": (
        "{notes}: 뜻 검색의 비중 {weight:.2f} (표본 {probes}개, MRR: 낱말 {words:.2f}, 뜻 {meaning:.2f})",
        "{notes}: meaning weighs {weight:.2f} ({probes} probes, MRR: words {words:.2f}, meaning {meaning:.2f})",
    ),
    "legs": ("낱말과 뜻의 비중", "Weights of words and meaning"),
    "weak": ("노트에서 뚜렷한 근거를 찾지 못한 문장", "Sentences the notes do not clearly support"),
    "support_partly": ("일부만 근거 있음", "partly supported"),
    "support_altered": ("노트와 내용이 다름", "differs from the note"),
    "support_unsupported": ("근거 없음", "not supported"),
    "seconds": ("{seconds:.1f}초", "{seconds:.1f} s"),
    "chat_hello": (
        "노트에게 물어보세요. /new 새 대화, /exit 끝내기 (Ctrl-D도 됩니다).",
        "Ask the notes. /new starts over, /exit ends (so does Ctrl-D).",
    ),
    "chat_new": ("새 대화를 시작합니다.", "Starting over."),
    "chat_unknown": ("모르는 명령입니다. /new 와 /exit 가 있습니다.", "No such command. There are /new and /exit."),
    "serving": ("{url} 에서 열렸습니다. 끝내려면 Ctrl-C 를 누르세요.", "Open {url} in a browser. Ctrl-C stops."),
    "serving_keys": ("API 키가 있어야 물어볼 수 있습니다.", "Asking needs an API key."),
    "stopping": (
        "멈추는 중입니다. 쓰고 있던 답은 마저 보냅니다(최대 {seconds:g}초).",
        "Stopping; answers on their way may finish (at most {seconds:g} s).",
    ),
    "bye": ("멈췄습니다.", "Stopped."),
    "kept": ("{generation} 공개됨, {seconds:.1f}초", "{generation} is live, {seconds:.1f} s"),
    "same": ("바뀐 것이 없습니다, {seconds:.1f}초", "Nothing has changed, {seconds:.1f} s"),
    "dry": ("미리 보기입니다. 아무것도 쓰지 않았습니다.", "A dry run: nothing was written."),
    "ingested": (
        "문서: 추가 {added:,} · 변경 {changed:,} · 삭제 {removed:,} · 그대로 {unchanged:,} · 실패 {failed:,}",
        "Documents: {added:,} added, {changed:,} changed, {removed:,} removed, {unchanged:,} kept, {failed:,} failed",
    ),
    "chunks": (
        "조각 {chunks:,}개: 새로 임베딩 {embedded:,}, 재사용 {reused:,}",
        "{chunks:,} chunks: {embedded:,} embedded, {reused:,} reused",
    ),
    "audit": (
        "인코더가 읽는 단어 {read:.0%} · [UNK] 단어 {unk:.1%} · 글자당 토큰 {per:.2f} · 잘린 토큰 {cut:,}",
        "Encoder reads {read:.0%} of the words · [UNK] {unk:.1%} · {per:.2f} tokens a character · {cut:,} tokens cut",
    ),
    "not_ingested": ("넣지 못한 것", "Not ingested"),
    "ask_now": (
        '이제 물어보세요: ask-notes ask "질문" 또는 ask-notes serve',
        'Now ask: ask-notes ask "..." or ask-notes serve',
    ),
    "index": ("색인", "Index"),
    "index_counts": (
        "{generation} · 문서 {documents:,} · 조각 {chunks:,} · 글자 {characters:,} · {created}",
        "{generation} · {documents:,} documents · {chunks:,} chunks · {characters:,} characters · {created}",
    ),
    "none": ("없음", "none"),
    "roots": ("넣은 것", "Roots"),
    "encoder": ("임베딩 모델", "Encoder"),
    "generator": ("답변 모델", "Generator"),
    "fell_back": ("대체된 것", "Fell back"),
    "advice": ("알아 둘 것", "Worth knowing"),
    "better": (
        "{id} 를 쓸 수 있습니다. 바꾸려면 조각 {chunks:,}개를 다시 임베딩합니다(약 {seconds:,.0f}초): {command}",
        "{id} is within reach. Changing to it embeds {chunks:,} chunks anew (about {seconds:,.0f} s): {command}",
    ),
    "intact": ("모든 파일이 공개된 그대로입니다.", "Every file is as it was published."),
    "altered": ("공개된 뒤에 바뀐 파일: {names}", "Changed since they were published: {names}"),
    "tokens": (
        "{encoder} · 토큰 {count:,}/{window:,} · [UNK] {unknown:,} · 읽는 단어 {read:.0%}",
        "{encoder} · {count:,} of {window:,} tokens · {unknown:,} [UNK] · {read:.0%} of the words read",
    ),
    "piece": ("조각", "piece"),
    "characters": ("글자", "characters"),
    "report_at": ("보고서: {path}", "Report: {path}"),
    "map_written": (
        "지도: {path} (브라우저에서 여세요. 인터넷이 없어도 됩니다)",
        "Map: {path} (open it in a browser; it works offline)",
    ),
    "map_counts": ("조각 {points:,}개", "{points:,} chunks"),
    "map_sampled": ("조각 {of:,}개 가운데 {points:,}개", "{points:,} of {of:,} chunks"),
    "map_explained": (
        "세 축이 전체 분산의 {share:.1%}를 담습니다. 가까운 점은 그만큼만 비슷합니다.",
        "Three axes hold {share:.1%} of the variance: near points mean alike only that far.",
    ),
    "drafted": (
        "질문 초안 {added:,}개를 {path} 에 썼습니다. 전에 있던 {kept:,}개는 그대로 두었습니다.",
        "{added:,} drafts written to {path}; the {kept:,} that were there are untouched.",
    ),
    "drafts_none": (
        "노트에서 질문으로 만들 만한 정의, 표, 물음 제목을 새로 찾지 못했습니다.",
        "Nothing new to ask was found: no definition, table or heading that asks.",
    ),
    "drafts_next": (
        'status를 "accept"로 바꾼 질문만 평가에 쓰입니다. 다 골랐으면: ask-notes eval {path}',
        'Only questions whose status you change to "accept" count. Then: ask-notes eval {path}',
    ),
    "drafting": ("질문을 만드는 중…", "Drafting questions…"),
    "drawing": ("지도를 그리는 중…", "Drawing the map…"),
    "judging": ("심사 모델에게 묻는 중…", "Asking the judge…"),
    "agreement": ("심사 모델 {judge}, 사람이 채점한 답 {n:,}개", "Judge {judge}, {n:,} answers that people graded"),
    "agreement_unread": (
        "답변 {n:,}개는 심사 모델의 답을 읽을 수 없어 뺐습니다.",
        "{n:,} replies of the judge could not be read and are left out.",
    ),
    "agreement_same": ("같은 점수", "same grade"),
    "agreement_kappa": ("카파(제곱 가중)", "kappa (squared weights)"),
    "support": ("뒷받침", "support"),
    "completeness": ("완전함", "completeness"),
    "asked_in_ko": (
        "한국어 질문: 답이 있는 것 {answerable:,}개, 없는 것 {unanswerable:,}개",
        "Asked in Korean: {answerable:,} with an answer, {unanswerable:,} without",
    ),
    "asked_in_en": (
        "영어 질문: 답이 있는 것 {answerable:,}개, 없는 것 {unanswerable:,}개",
        "Asked in English: {answerable:,} with an answer, {unanswerable:,} without",
    ),
    "separates": (
        "  교차 검증 AUROC {auroc:.3f}, 95% 구간 {low:.3f} - {high:.3f}",
        "  cross-validated AUROC {auroc:.3f}, 95 % from {low:.3f} to {high:.3f}",
    ),
    "threshold": (
        "  기준 {threshold:.3f}: 답이 없는 질문의 {refused:.0%}를 거절하고, "
        "답이 있는 질문은 {false:.1%}를 잘못 거절합니다(허용 {rate:.0%})",
        "  threshold {threshold:.3f}: refuses {refused:.0%} of those without an answer "
        "and {false:.1%} of those with one (allowed {rate:.0%})",
    ),
    "no_threshold": ("  기준을 정하지 않았습니다: {why}", "  No threshold: {why}"),
    "calibration_kept": (
        "보정을 저장했습니다. 다음 질문부터 쓰이고, 켜져 있는 서버는 다시 시작해야 합니다.",
        "Kept: the next question uses it; a server that is running has to be started again.",
    ),
    "calibration_dry": ("미리 보기입니다. 아무것도 저장하지 않았습니다.", "A dry run: nothing was kept."),
    "calibration_reset": (
        "보정을 지웠습니다. 기본 보정으로 돌아갑니다.",
        "Your calibration is gone; the one that ships serves again.",
    ),
    "calibration_none": ("지울 보정이 없습니다.", "There is no calibration of your own."),
    "curve_at": ("위험-응답률 곡선: {path}", "Risk-coverage curves: {path}"),
    "calibration": ("거절 보정", "Calibration"),
    "calibration_own": (
        "직접 보정함 ({dataset}, 질문 {questions:,}개): {thresholds}",
        "your own ({dataset}, {questions:,} questions): {thresholds}",
    ),
    "calibration_shipped": ("기본", "as shipped"),
    "asked": ("질문 {n:,}개, {seconds:.1f}초", "{n:,} questions, {seconds:.1f} s"),
}

# Names and units of an ingest's stages, in Korean.
STAGES_KO = {
    "reading": "노트 읽기",
    "splitting": "조각으로 나누기",
    "reading words": "형태소 분석",
    "auditing": "읽기 점검",
    "preparing the encoder": "임베딩 모델 준비",
    "embedding": "임베딩",
    "embedding sentences": "문장 임베딩",
    "writing": "색인 쓰기",
    "roots": "곳",
    "documents": "문서",
    "chunks": "조각",
    "windows": "구간",
    "models": "모델",
    "parts": "부분",
}


def line(language: Language, key: str, **values: object) -> str:
    """A line in that language, with its values filled in."""
    korean, english = LINES[key]
    return (korean if language == "ko" else english).format(**values)
