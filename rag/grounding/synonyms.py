"""Table of words that say the same, Korean stems and English words.

Hand-made for course notes and encyclopaedic prose. A missing group costs recall, a wrong one
precision: when in doubt a word stays out.
"""

# A line is a group; every word in it counts as the first one.
SAME = """
시작 개시 착수 start begin commence
끝 종료 종결 끝나 끝내 마치 마감 end finish
만들 제작 제조 만들어지 만들어내 생성 produce create make build built made
짓 건설 건축 건립 축조 지어지 construct
세우 설립 창립 창설 창건 세워지 수립 found establish
발표 공개 내놓 선보이 announce release publish
출판 출간 간행 펴내
태어나 출생 탄생 born birth
죽 사망 별세 숨지 세상 작고 서거 타계 die death dead died
쓰 사용 이용 활용 쓰이 utilize use employ
부르 불리 일컫 칭하 지칭 호칭 call name named
바꾸 변경 바뀌 교체 대체 변하 변화 달라지 change replace switch
늘 증가 늘어나 늘리 불어나 increase grow rise
줄 감소 줄어들 줄이 감축 decrease reduce shrink drop
높이 상승 오르 올라가 올리 raise
낮추 하락 내리 떨어지 하강 낮아지 fall lower
크 커다랗 거대 large big
커지 확대 enlarge
작 조그맣 small little
작아지 축소
많 다수 수많 many numerous
빠르 신속 빨라지 fast quick
좋 우수 뛰어나 훌륭 좋아지 나아지 good better
나쁘 열등 나빠지 bad worse
얻 획득 취득 따 obtain gain acquire
받 수상 수여 receive
주 제공 부여 give provide supply
보내 송신 전송 발송 send transmit
맡 담당 역임 맡기
이기 승리 격파 꺾 win won defeat beat
패배 패하 lose
막 방지 저지 예방 prevent avoid
고치 수정 개정 수리 fix
없애 제거 삭제 지우 remove delete eliminate
더하 추가 덧붙이 덧붙 add
나누 분할 쪼개 나뉘 분리 split divide
합치 결합 합병 통합 합하 합 merge combine
고르 선택 택하 선정 선발 뽑 choose select pick
찾 탐색 검색 search find
알 인지 파악 know
배우 학습 훈련 train learn training
가르치 교육 강의 지도 teach
보이 나타나 나타내 드러나 드러내 show
막히 차단 block
넘기 물려주 인계 양도
맡기 부탁 위임
직원 인력 인원
past earlier previous prior preceding
store save kept keep hold
recompute recalculate
호흡 숨
이기 우승 1위
옮기 이동 이전하 이주 move
떠나 출발 leave depart
도착 다다르 이르 도달 reach arrive
나오 등장 appear
다르 상이 차이 different differ
같 동일 똑같 same identical equal
비슷 유사 similar alike
필요 요구 need require
가능 possible
어렵 곤란 힘들 어려워지 difficult hard
쉽 간단 용이 쉬워지 easy simple
모으 수집 모이 collect gather
싸우 전투 교전 fight
전쟁 war
공격 습격 침공 attack
이끌 지휘 통솔 lead led
돕 지원 도움 help support assist
반대 oppose
거절 거부 사절 refuse reject
찬성 동의 agree
허락 허가 승인 허용 allow permit approve
금지 forbid ban prohibit
원인 이유 까닭 때문 reason cause because
결과 result outcome
문제 problem issue
방법 방식 method way approach
크기 규모 size
길이 length long 길
속도 speed
성능 performance
값 수치 value
개수 수효
처음 최초 first
마지막 최후 최종 last final
매년 해마다 annually yearly
매일 날마다 daily
모두 전부 모든 전체 all every whole entire
대부분 most
일부 some part
집 주택 가옥 house home
도시 city
나라 국가 country nation
사람 인물 person people
아버지 부친 father
어머니 모친 mother
아들 son
딸 daughter
아내 부인 wife
남편 husband
아이 어린이 아동 child children kid
학생 student
선생 교사 교수 teacher
책 도서 서적 book
글 문서 document text
그림 image picture
소리 음향 sound
노래 곡 song
영화 movie film
배 선박 ship
비행기 항공기 airplane aircraft
자동차 차량 car vehicle
도로 road
병 질병 질환 disease illness
의사 doctor physician
돈 금전 money
가격 값어치 price cost 비용
회사 기업 company firm
정부 government
대통령 president
왕 국왕 임금 king
군대 군 army
경기 시합 match game
선수 player athlete
팀 team
대회 tournament
상 award prize
법 법률 law
재판 trial
감옥 교도소 prison jail
소수 minority
모델 model
모형 mockup
데이터 자료 data
층 레이어 layer
신경망 neural
가중치 weight
편향 바이어스 bias
손실 로스 loss
기울기 그래디언트 그레이디언트 gradient
소실 vanish vanishing
폭발 explode exploding
최적화 옵티마이저 optimiz optimizer optimize
학습률 lr
배치 batch
에폭 에포크 epoch
토큰 token
토크나이저 tokeniz tokenizer
토큰화 토크나이징 토크나이즈 tokenization tokenize
어휘 단어장 보캡 vocabulary vocab
임베딩 embedding embed 매립
벡터 vector
행렬 matrix matrices
차원 dimension dim dimensional
인코더 부호기 encoder
인코딩 encoding
위치 position positional
perplexity ppl
디코더 복호기 decoder
어텐션 주의집중 attention
트랜스포머 transformer transformers
헤드 head
마스크 mask 마스킹 masking
드롭아웃 dropout
정규화 normalization normalize norm
과적합 오버피팅 overfitting overfit
합성곱 컨볼루션 convolution conv convolutional
필터 커널 filter kernel
풀링 pooling pool
순환 recurrent
은닉 hidden
상태 state
입력 input 인풋
출력 output 아웃풋
셀 cell
게이트 gate
망각 forget
활성화 활성 activation activate
함수 function
소프트맥스 softmax
시그모이드 sigmoid
문장 sentence
단어 낱말 word
글자 문자 character char
질문 물음 question query 쿼리
답 답변 대답 정답 answer response
검색기 리트리버 retriever
청크 조각 chunk
프롬프트 prompt
생성기 generator
미세조정 파인튜닝 finetuning finetune 미세 fine-tun
사전학습 프리트레이닝 pretraining pretrain pretrained
라이브러리 library
데이터셋 데이터세트 dataset
파라미터 매개변수 parameter param 모수
하이퍼파라미터 초매개변수 hyperparameter
메모리 기억 memory
서버 server
요청 리퀘스트 request
응답 리스폰스
정확도 accuracy
정밀도 precision
재현율 recall
평가 evaluation evaluate eval
분류 classification classify classifier 분류기
회귀 regression
군집 클러스터 cluster clustering
예측 prediction predict
추론 inference infer
확률 probability
평균 average mean
분산 variance
표준 standard
유사도 similarity
거리 distance
내적 dot
코사인 cosine
번역 translation translate
요약 summary summarization summarize
파이썬 python
파이토치 pytorch
텐서 tensor
텐서플로 텐서플로우 tensorflow
구글 google
마이크로소프트 microsoft
페이스북 facebook
허깅페이스 huggingface
애플 apple
아마존 amazon
미국 미합중국 america american usa
영국 britain british
독일 germany german
프랑스 france french
일본 japan japanese
중국 china chinese
러시아 russia russian
유엔 국제연합 un
유럽연합 eu
"""
