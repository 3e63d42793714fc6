"""Korean for sentences that the floors below write in English: what fell back, the audit, what an error names.

A text becomes Korean as a whole or stays as it is; half a translation reads worse than none. The
tests get these sentences from the functions that write them, so that a changed wording is noticed.
"""

from __future__ import annotations

import re
from functools import lru_cache

# A field is "." (a folder's name) or holds no ". ", so that it cannot swallow a sentence.
SENTENCES: tuple[tuple[str, str], ...] = (
    # Models: what fell back, and why (rag/encoders.py, rag/generators.py, rag/wiring.py, ingest/encoder.py).
    ("{id} is not in the cache and the hub is out of reach.", "{id} 모델이 캐시에 없고 허브에도 연결할 수 없습니다."),
    ("{id} could not be fetched from the hub ({why}).", "{id} 모델을 허브에서 받지 못했습니다({why})."),
    ("Vectors come from the embedded {id} instead.", "대신 내장된 {id} 모델로 임베딩합니다."),
    ("Answers are sentences picked from the notes (extractive).", "답은 노트의 문장을 그대로 골라서 보여 줍니다."),
    (
        "cross_check asks a model for its yes or no, and the embedded answerer has none.",
        "cross_check는 모델에게 예/아니요를 묻는 설정인데, 내장 답변기에는 물어볼 모델이 없습니다.",
    ),
    ("Sentences are checked by their words alone.", "문장은 낱말만으로 확인합니다."),
    ("This answer was not cross-checked.", "이 답은 모델에게 다시 확인하지 못했습니다."),
    (
        "The generator tells no probabilities of its tokens (logprobs), and cross_check asks for them.",
        "cross_check에는 토큰의 확률(logprobs)이 있어야 하는데 답변 모델이 알려 주지 않습니다.",
    ),
    (
        "Start its server so that it does, or set cross_check = false.",
        "서버가 알려 주도록 켜거나 cross_check = false로 바꿔 주세요.",
    ),
    (
        "{id} begins different words with the same token: {words} cannot be told apart by the first one.",
        "{id} 모델에서는 서로 다른 낱말이 같은 토큰으로 시작해 첫 토큰으로 구별할 수 없습니다: {words}.",
    ),
    ("Set cross_check = false, or take another model.", "cross_check = false로 바꾸거나 다른 모델을 써 주세요."),
    (
        "The embedded encoder (package {package}) is not installed: search is by words only.",
        "내장 임베딩 모델({package} 패키지)이 설치되어 있지 않아 낱말로만 검색합니다.",
    ),
    (
        "{id} runs on torch, slower: there is no OpenVINO copy.",
        "{id} 모델을 변환한 OpenVINO 사본이 없어 더 느린 torch로 계산합니다.",
    ),
    (
        "This index was made by another version and finds less.",
        "다른 버전에서 만든 색인이라 검색 결과가 덜 정확합니다.",
    ),
    ("`ask-notes ingest` brings it up to date.", "`ask-notes ingest`를 실행하면 새로 만듭니다."),
    ("`ask-notes ingest` makes one.", "`ask-notes ingest`를 실행하면 만듭니다."),
    (
        "{id} runs on torch, slower: OpenVINO could not take it over ({why}).",
        "{id} 모델을 OpenVINO로 옮기지 못해 더 느린 torch로 계산합니다({why}).",
    ),
    (
        "{id} runs on torch, slower: OpenVINO cannot read its copy ({why}).",
        "{id} 모델의 OpenVINO 사본을 읽지 못해 더 느린 torch로 계산합니다({why}).",
    ),
    (
        "{id} cannot run in int8: there is no OpenVINO copy.",
        "{id} 모델의 OpenVINO 사본이 없어 int8로 계산할 수 없습니다.",
    ),
    (
        "{id} cannot run in int8: OpenVINO could not take it over ({why}).",
        "{id} 모델을 OpenVINO로 옮기지 못해 int8로 계산할 수 없습니다({why}).",
    ),
    (
        "{id} cannot run in int8: OpenVINO cannot read its copy ({why}).",
        "{id} 모델의 OpenVINO 사본을 읽지 못해 int8로 계산할 수 없습니다({why}).",
    ),
    (
        "Set encoder.dtype = auto, then `ask-notes ingest --re-embed`.",
        "encoder.dtype을 auto로 바꾼 뒤 `ask-notes ingest --re-embed`를 실행해 주세요.",
    ),
    (
        "Vectors are rounded to int8: about one hit in {n} is another one.",
        "벡터를 int8로 어림해 검색 결과가 {n}개에 하나꼴로 달라집니다.",
    ),
    ("encoder.dtype = auto keeps them exact.", "encoder.dtype을 auto로 두면 달라지지 않습니다."),
    (
        "The index was made with {made} vectors of {id}, the settings ask for {asked} ones.",
        "색인에는 {id} 모델의 {made} 벡터가 들어 있는데 설정은 {asked} 벡터를 쓰라고 합니다.",
    ),
    (
        "Change encoder.dtype, or make the vectors anew: `ask-notes ingest --re-embed`.",
        "encoder.dtype을 바꾸거나 `ask-notes ingest --re-embed`로 다시 임베딩해 주세요.",
    ),
    (
        "encoder.backend = openvino needs the packages openvino and onnx; {missing} is not installed.",
        "encoder.backend = openvino 설정에는 openvino와 onnx 패키지가 있어야 하는데 설치되어 있지 않습니다: {missing}.",
    ),
    (
        "`pip install openvino onnx`, or set encoder.backend = auto.",
        "`pip install openvino onnx`로 설치하거나 encoder.backend를 auto로 바꿔 주세요.",
    ),
    (
        "encoder.dtype = int8 needs OpenVINO, and the encoder runs on torch.",
        "encoder.dtype = int8은 OpenVINO에서만 되는데 임베딩 모델이 torch로 계산합니다.",
    ),
    (
        "`pip install openvino onnx` and set encoder.backend = openvino, or set encoder.dtype = auto.",
        "`pip install openvino onnx`로 설치하고 encoder.backend를 openvino로 바꾸거나, "
        "encoder.dtype을 auto로 바꿔 주세요.",
    ),
    ("Until then search is by words only.", "그때까지는 낱말로만 검색합니다."),
    (
        'Settings say models = "hub", which never falls back: connect, or set models = "auto".',
        '설정이 models = "hub"이면 다른 모델로 대신하지 않습니다. 인터넷에 연결하거나 models = "auto"로 바꿔 주세요.',
    ),
    ("The model runs on torch, which is slower.", "대신 torch로 계산하므로 더 느립니다."),
    (
        "generator.adapter is merged by torch, and generator.backend is openvino.",
        "generator.adapter는 torch에서만 쓸 수 있는데 generator.backend가 openvino입니다.",
    ),
    ("Set generator.backend = torch.", "generator.backend = torch로 바꿔 주세요."),
    (
        "OpenVINO reads IR; export it first, or take backend torch.",
        "OpenVINO는 IR만 읽습니다. 먼저 변환하거나 backend를 torch로 바꿔 주세요.",
    ),
    (
        "generator.backend = {backend} needs it; auto would do without.",
        "generator.backend = {backend} 설정에는 이 모델이 있어야 합니다. auto로 두면 없이도 됩니다.",
    ),
    (
        "The index was made with other weights of {id} (digest {digest}).",
        "색인을 만든 {id} 모델의 가중치가 지금 것과 다릅니다({digest}).",
    ),
    (
        "The index was made with {id}, the settings ask for {other}.",
        "색인은 {id} 모델로 만들었는데 설정은 {other} 모델을 쓰라고 합니다.",
    ),
    ("The index was made with {id}.", "색인은 {id} 모델로 만들었습니다."),
    ("The package {package} is not installed.", "{package} 패키지가 설치되어 있지 않습니다."),
    (
        "It is the name of a local folder: set encoder.path to it.",
        "컴퓨터에 있는 폴더의 이름입니다. encoder.path에 그 경로를 적어 주세요.",
    ),
    (
        "Bring it back, or `ask-notes ingest --re-embed`.",
        "그 모델을 다시 갖추거나 `ask-notes ingest --re-embed`로 다시 임베딩해 주세요.",
    ),
    (
        "Bring those back, or run `ask-notes ingest --re-embed`.",
        "그 가중치를 다시 갖추거나 `ask-notes ingest --re-embed`로 다시 임베딩해 주세요.",
    ),
    (
        "Take that setting back, or make the vectors anew: `ask-notes ingest --re-embed`.",
        "설정을 되돌리거나 `ask-notes ingest --re-embed`로 다시 임베딩해 주세요.",
    ),
    ("No model folder at {path}.", "{path} 에 모델 폴더가 없습니다."),
    (
        "Name a folder that holds config.json and model.safetensors.",
        "config.json과 model.safetensors가 든 폴더를 적어 주세요.",
    ),
    ("Only safetensors models are loaded; convert it first.", "safetensors 모델만 읽습니다. 먼저 변환해 주세요."),
    (
        "The question needs {tokens} tokens with the instructions, and the prompt may have {most}: "
        "no room for a passage.",
        "질문과 지시문만으로 {tokens}토큰이라, 프롬프트 한도 {most}토큰 안에 노트를 넣을 자리가 없습니다.",
    ),
    (
        "Ask in fewer words, or raise generator.max_prompt_tokens.",
        "더 짧게 묻거나 generator.max_prompt_tokens를 늘려 주세요.",
    ),
    # Generations of the index (rag/retrieval).
    ("Passed over:", "건너뛴 색인:"),
    ("A newer generation cannot be used:", "새로 만든 색인을 쓸 수 없습니다:"),
    ("CURRENT is lost or damaged.", "CURRENT 파일이 없거나 손상되었습니다."),
    ("CURRENT cannot be read.", "CURRENT 파일을 읽을 수 없습니다."),
    ("{name} has no readable manifest ({why}).", "{name} 의 manifest를 읽을 수 없습니다({why})."),
    ("The manifest of {name} is damaged.", "{name} 의 manifest가 손상되었습니다."),
    ("{name} has format {old}, this version reads {new}.", "{name} 의 형식은 {old}인데 이 버전은 {new}만 읽습니다."),
    ("{file} is missing, expected {bytes} bytes.", "{file} 파일이 없습니다({bytes}바이트여야 합니다)."),
    (
        "{file} has {found} bytes, expected {bytes} bytes.",
        "{file} 크기가 {found}바이트입니다({bytes}이어야 합니다).",
    ),
    ("No generation of the index can be opened:", "열 수 있는 색인이 없습니다:"),
    ("Run `ask-notes ingest`.", "`ask-notes ingest`를 실행해 주세요."),
    ("Run `ask-notes ingest` to make it anew.", "`ask-notes ingest`로 다시 만들어 주세요."),
    ("Run `ask-notes ingest` to publish anew.", "`ask-notes ingest`로 다시 만들어 주세요."),
    ("{who} is writing this index.", "{who} 쪽에서 이 색인을 쓰고 있습니다."),
    ("Wait for it to end.", "끝날 때까지 기다려 주세요."),
    # What an operating system says.
    ("Permission denied", "권한 없음"),
    ("No such file or directory", "그런 파일이나 폴더 없음"),
    ("Not a directory", "폴더가 아님"),
    ("Read-only file system", "읽기 전용"),
    ("No space left on device", "남은 공간 없음"),
    ("No permission to write {folder}.", "{folder} 에 쓸 권한이 없습니다."),
    ("Allow it, or set data_dir elsewhere.", "권한을 주거나 data_dir을 다른 곳으로 바꿔 주세요."),
    ("No space left for the index in {folder}.", "{folder} 에 색인을 쓸 공간이 없습니다."),
    ("Free some, or set data_dir elsewhere.", "공간을 비우거나 data_dir을 다른 곳으로 바꿔 주세요."),
    ("{folder} cannot be a folder: a file is in the way.", "{folder} 자리에 파일이 있어 폴더를 만들 수 없습니다."),
    ("Set data_dir elsewhere.", "data_dir을 다른 곳으로 바꿔 주세요."),
    ("Not ready:", "아직 준비되지 않았습니다:"),
    ("There is no index in {folder}.", "{folder} 폴더에 색인이 없습니다."),
    ("Run `ask-notes ingest FOLDER` first.", "먼저 `ask-notes ingest 노트폴더`를 실행해 주세요."),
    # Ingest and its audit.
    ("There is no {path}.", "{path} 경로에 아무것도 없습니다."),
    ("Name a folder or a file of notes ({kinds}).", "노트가 든 폴더나 파일({kinds})을 적어 주세요."),
    (
        "--klue-mrc takes train, validation, a folder, {kinds}.",
        "--klue-mrc에는 train, validation, 폴더, 파일({kinds}) 가운데 하나를 적어 주세요.",
    ),
    (
        "Nothing to ingest: no folder is named and none is known. Try `ask-notes ingest {folder}`.",
        "넣을 노트를 알 수 없습니다. `ask-notes ingest {folder}`처럼 폴더를 적어 주세요.",
    ),
    ("{name} was never ingested. Known: none.", "{name} 노트는 넣은 적이 없습니다."),
    ("{name} was never ingested. Known: {names}.", "{name} 노트는 넣은 적이 없습니다. 넣은 것: {names}."),
    ("{name} is not a kind of note that is read here.", "{name} 파일은 여기서 읽는 노트 형식이 아닙니다."),
    (
        "{name} lies inside {other}, which is known: run `ask-notes ingest {again}`.",
        "{name} 폴더는 이미 넣은 {other} 안에 있습니다. `ask-notes ingest {again}`를 실행해 주세요.",
    ),
    (
        "{name} holds {other}, which is known. First `ask-notes ingest --forget {again}`.",
        "{name} 안에는 이미 넣은 {other} 폴더가 있습니다. 먼저 `ask-notes ingest --forget {again}`를 실행해 주세요.",
    ),
    ("{source}: {share} of the words are read", "{source}: 단어의 {share}를 읽음"),
    ("No encoder: search is by words only.", "임베딩 모델이 없어 낱말로만 검색합니다."),
    (
        "{id} reads {share} of the words of these notes; search rests on words and not on meaning there.",
        "{id} 모델은 이 노트 단어의 {share}만 읽습니다. 그런 곳에서는 뜻이 아니라 낱말로 찾습니다.",
    ),
    ("For Korean notes: `{command}`.", "한국어 노트에는 다음을 권합니다: `{command}`."),
    # Questions, settings, serving.
    (
        "The question has {n} characters, at most {most} are read. Shorten it.",
        "질문이 {n}자입니다. {most}자 안으로 줄여 주세요.",
    ),
    ("Unknown setting {name} in flag.", "{name} 설정은 없습니다."),
    ("Unknown setting {name} in {where}.", "{name} 설정은 없습니다({where})."),
    ("Did you mean {name}?", "혹시 {name} 인가요?"),
    ("`ask-notes settings` lists every one.", "`ask-notes settings`가 모든 설정을 보여 줍니다."),
    ("{name} = {value} (from {where}) does not fit: {why}.", "{name} = {value}: {why} (출처: {where})."),
    (
        "Correct it; `ask-notes settings` lists what each one takes.",
        "`ask-notes settings`에서 쓸 수 있는 값을 볼 수 있습니다.",
    ),
    ("Input should be greater than or equal to {n}", "{n} 이상이어야 합니다"),
    ("Input should be less than or equal to {n}", "{n} 이하여야 합니다"),
    ("Input should be greater than {n}", "{n}보다 커야 합니다"),
    ("Input should be less than {n}", "{n}보다 작아야 합니다"),
    ("Input should be a valid integer, unable to parse string as an integer", "정수여야 합니다"),
    ("Input should be a valid number, unable to parse string as a number", "수여야 합니다"),
    ("Input should be '{values}'", "'{values}' 중 하나여야 합니다"),
    ("No settings file at {path}.", "{path} 설정 파일이 없습니다."),
    ("Name one that exists, or leave --config out.", "있는 파일을 적거나 --config를 빼 주세요."),
    ("Another program listens on {where}.", "다른 프로그램이 {where} 주소를 쓰고 있습니다."),
    (
        "Stop it, or choose another port: --port {port}.",
        "그 프로그램을 끄거나 다른 포트를 골라 주세요: --port {port}",
    ),
    ("Port {port} needs more rights than this user has.", "{port}번 포트를 쓸 권한이 없습니다."),
    ("Choose one above 1023, such as --port {port}.", "1023보다 큰 포트를 골라 주세요. 예: --port {port}"),
    ("{where} is not an address of this machine ({why}).", "{where} 는 이 컴퓨터의 주소가 아닙니다."),
    ("Use --host 127.0.0.1.", "--host 127.0.0.1 을 써 주세요."),
    (
        "server.host = {host} can be reached by others, and server.api_keys is empty.",
        "server.host = {host} 는 다른 사람도 접속할 수 있는 주소인데 server.api_keys가 비어 있습니다.",
    ),
    ("Set a key ({how}), or listen on 127.0.0.1.", "키를 정하거나({how}) 127.0.0.1로 열어 주세요."),
    # Evaluation.
    ("No data set at {path}.", "{path} 데이터셋이 없습니다."),
    (
        "Expected a {kinds} file, a folder of parquet files, or train or validation for klue/klue.",
        "{kinds} 파일이나 parquet 폴더, klue/klue의 train 또는 validation을 적어 주세요.",
    ),
    ("No labelled answers at {path}.", "{path} 파일이 없습니다."),
    (
        "The two runs were made on different data sets; only the questions of the same id are compared.",
        "서로 다른 데이터셋으로 평가했습니다. id가 같은 질문만 비교합니다.",
    ),
    (
        "{n} questions of {name} have no partner and are left out.",
        "{name} 쪽 질문 {n}개는 짝이 없어 뺐습니다.",
    ),
    (
        "{name} is not finished: {n} questions have no result.",
        "{name} 평가가 끝나지 않았습니다. 질문 {n}개의 결과가 없습니다.",
    ),
    ("Differs: {name} = {a} in A, {b} in B.", "다른 설정: {name} = A에서 {a}, B에서 {b}."),
    ("{name} holds no run.", "{name} 폴더에 평가 결과가 없습니다."),
    ("Expected a folder that `eval --out` wrote.", "`eval --out`이 만든 폴더를 적어 주세요."),
    ("{name} already holds a run.", "{name} 폴더에 이미 평가 결과가 있습니다."),
    (
        "Add --resume to go on with it, or name another --out.",
        "이어서 하려면 --resume을 붙이고, 새로 하려면 다른 --out을 적어 주세요.",
    ),
    ("'{text}' is no gate.", "'{text}' 는 기준으로 쓸 수 없습니다."),
    (
        'Expected a metric, >= or <=, and a number: "{example}".',
        '지표 이름, >= 나 <=, 수를 차례로 적어 주세요: "{example}".',
    ),
    ("No metric {name}. There are: {names}.", "{name} 지표는 없습니다. 있는 지표: {names}."),
    (
        "{answerable} questions with an answer and {unanswerable} without one; {least} of each are the least.",
        "답이 있는 질문이 {answerable}개, 없는 질문이 {unanswerable}개인데 각각 {least}개는 있어야 합니다.",
    ),
    (
        "Add questions, or leave out another share of documents with --leave-out.",
        "질문을 더하거나 --leave-out으로 빼는 문서의 비율을 바꿔 보세요.",
    ),
    (
        "Questions with and without an answer do not separate: AUROC {area}, 95 % from {low} to {high}, and {least} is "
        "the least its lower end may be.",
        "답이 있는 질문과 없는 질문이 갈리지 않습니다. AUROC {area}, 95% 구간 {low} - {high}인데 아래 끝이 "
        "{least} 이상이어야 합니다.",
    ),
    (
        "Look whether the labels are right and the evidence is in the notes, or add questions.",
        "정답 표시가 맞는지, 근거가 노트에 있는지 살펴보거나 질문을 더해 보세요.",
    ),
    ("No threshold was set, the one that ships stays.", "기준을 정하지 않았고, 기본 기준이 그대로 쓰입니다."),
    ("The data set holds no question.", "데이터에 질문이 없습니다."),
    (
        "--false-refusals takes a share from 0 to 0.5, not {share}.",
        "--false-refusals에는 {share} 말고 0에서 0.5 사이의 수를 적어 주세요.",
    ),
    (
        "--leave-out takes a share from 0 to 1, not {share}.",
        "--leave-out에는 {share} 말고 0에서 1 사이의 수를 적어 주세요.",
    ),
    ("{name} cannot be written: {why}.", "{name} 파일을 쓸 수 없습니다: {why}."),
    ("{name} cannot be made: {why}.", "{name} 폴더를 만들 수 없습니다: {why}."),
    ("Make room or name another --out.", "공간을 비우거나 다른 --out을 적어 주세요."),
    ("Name another --out.", "다른 --out을 적어 주세요."),
    (
        "This index holds no vectors: it was made without an encoder. Ingest again with one.",
        "이 색인에는 벡터가 없습니다. 임베딩 모델을 갖춘 뒤 노트를 다시 넣어 주세요.",
    ),
    (
        "The encoder of this index is out of reach: the question cannot be placed on the map.",
        "이 색인의 임베딩 모델을 쓸 수 없어 질문을 지도에 놓을 수 없습니다.",
    ),
    ("{name} holds no usable question; 0 rows were left out.", "{name} 안에 질문이 없습니다."),
    ("{name} holds no usable question; {n} rows were left out.", "{name} 안에 쓸 수 있는 질문이 없습니다({n}행 제외)."),
    (
        "First: {where}: status is 'draft', not 'accept'.",
        '예: {where} - status가 아직 "draft"입니다("accept"여야 합니다).',
    ),
    ("First: {where}: {why}.", "예: {where} - {why}."),
    ("A gate is not met.", "기준에 미치지 못했습니다."),
    ("Gates are not met.", "기준에 미치지 못했습니다."),
    (
        "{gate}: the lower end of the interval is {end} (value {value}, n {n}).",
        "{gate}: 신뢰구간의 아래쪽 끝이 {end}입니다(값 {value}, n {n}).",
    ),
    (
        "{gate}: the upper end of the interval is {end} (value {value}, n {n}).",
        "{gate}: 신뢰구간의 위쪽 끝이 {end}입니다(값 {value}, n {n}).",
    ),
    ("{gate}: unscored ({why}).", "{gate}: 채점되지 않았습니다({why})."),
    ("not measured", "잰 적이 없음"),
    ("no answer was asked for", "답을 묻지 않음"),
    ("no question was refused", "거절한 질문이 없음"),
    ("the data set holds no question that cannot be answered", "답 없는 질문이 데이터셋에 없음"),
    ("{flag} needs a model that writes.", "{flag}에는 글을 쓰는 모델이 있어야 합니다."),
    ("The settings choose the extractive answerer.", "설정이 문장을 고르기만 하는 extractive를 쓰라고 합니다."),
    (
        "Set generator.path to a model's folder, or generator.base_url to a server that has one.",
        "generator.path에 모델 폴더를, 아니면 generator.base_url에 모델 서버의 주소를 적어 주세요.",
    ),
    # Last, because they fit the most.
    ("Expected {kinds}.", "쓸 수 있는 것: {kinds}."),
    ("{id} holds no {file}.", "{id} 안에 {file} 파일이 없습니다."),
)


def in_korean(text: str) -> str | None:
    """The Korean of `text`; None unless each of its sentences is known."""
    rest, told = " ".join(text.split()), []
    while rest:
        for pattern, korean in _patterns():
            if found := pattern.match(rest):
                fields = {name: in_korean(value) or value for name, value in found.groupdict().items()}
                told.append(korean.format(**fields))
                rest = rest[found.end() :]
                break
        else:
            return None
    return " ".join(told) or None


@lru_cache(maxsize=1)
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(_expression(english)), korean) for english, korean in SENTENCES)


def _expression(english: str) -> str:
    parts = re.split(r"\{(\w+)\}", english)
    for place in range(1, len(parts), 2):
        parts[place] = rf"(?P<{parts[place]}>\.|(?:(?!\. ).)+?)"
    parts[::2] = [re.escape(part) for part in parts[::2]]
    return "".join(parts) + r"(?:\s+|$)"
