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
세우 설립 창립 창설 창건 세워지 수립 founded establish
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
신인 신예
정상 우승
중심 위주
복무 근무
임명 임용 발령
보호 호위 경호
묻히 매장 안장
이름 명칭 호칭 명 성명
재 측정 계측
적 기록 남기 기재 기입
부치 보내
외삼촌 외숙부 큰외숙부
봉하 책봉 책명
쫓겨나 해고 파면 축출
발각 들키 탄로
엑스트라 보조출연자
기용 등용 발탁
다스리 통치
망설이 주저 서슴
저지르 범하
치켜세우 찬양 칭찬 미화
관할 관내
만지 손대
다치 부상 부상당하
명단 명부
출판사 출판업자
유래 비롯 기원 연원
고려 감안 참작
볼모 인질
출신 태생
나이 연령
날짜 일자
시각 시간
기간 동안
장소 자리 위치
곳 지점
구역 지역 지구
부근 근처 인근 주변
가운데 중앙 한가운데
둘레 주위
밑 아래
꼭대기 정상
가장자리 테두리
교대 번갈아 교차
혼자 홀로 단독
함께 더불어
서로 상호
차례 순서 순번
차츰 점차 점점 갈수록
곧바로 즉시 곧장 바로
갑자기 돌연
무척 몹시 대단히 상당히 꽤
자주 흔히 종종
드물 희귀 흔치
뚜렷 분명 명확 확실
모자라 부족
넉넉 충분 풍부
넘 초과 상회 웃돌
못미치 밑돌 미달
걸리 소요
들 소모
드러나 밝혀지
알아내 밝혀내
깨닫 자각
여기 간주 생각
믿 신뢰
바라 희망 원하
따르 준수 지키
어기 위반
물려받 계승 승계 잇
남기 남
퍼지 확산 보급
널리 두루
모이 집결
흩어지 분산
숨기 은폐 감추
속이 기만
꾸미 장식
새기 조각
그리 묘사
칠하 도색
달 매달 부착 붙이
얹 올리
덮 씌우
싸 감싸
묶 결박
풀 해결
풀리 해소
녹 용해
굳 응고
얼 결빙
끓 비등
태우 연소 소각
불타 전소 소실하
무너지 붕괴 무너뜨리
부수 파괴 부서지
망가지 고장
다시짓 재건
되살리 복원 복구
되찾 회복 탈환
빼앗 탈취 박탈
훔치 절도
갖 보유 소유 지니
갖추 구비
빌리 대여 임차
팔 판매 매각
사 구매 구입 사들이
벌 수익
갚 상환
바치 헌납 헌정
기부 기증
쏟 투입
뽑히 당선 선출
물러나 사임 사퇴 퇴임
오르 즉위 등극
그만두 중단 중지
머무르 머물 체류
살 거주
돌아오 귀환 복귀
돌아가 귀국
들르 방문 찾아가
만나 회동 면담
헤어지 이별
혼인 결혼
낳 출산
기르 양육 키우 사육
자라 성장
늙 노화
앓 투병
낫 완치 회복하
먹 섭취
마시 음용
입 착용
씻 세척
닦 청소
태우 탑승
타 승차
걷 보행
달리 주행
날 비행
헤엄치 수영
뛰 도약
던지 투척
때리 구타
찌르 자상
쏘 발사 사격
죽이 살해 처형
잡히 체포 검거 붙잡히
가두 투옥 구금 수감
풀려나 석방
달아나 도망 탈출 도주
쫓 추격
지키 수호 방어
쳐들어가 침입 침략
맞서 대항 저항
다투 분쟁
어울리 조화
뒤집 반전
되돌리 복귀하
겹치 중복 중첩
쌓 축적
넣 삽입 투입하
꺼내 추출 뽑아내
빠지 누락
담 수록
싣 게재 실리
옮겨적 필사
읽 독해
듣 청취
말하 언급 발언
묻 질의 질문하
답하 응답 답변하 대답하
외치 주장
이르 달하
맺 체결
어긋나 위배
가리키 지칭하 뜻하
견주 비교 대조
헤아리 계산 셈
매기 책정
재우 수면
깨 기상
익히 습득 숙달
겪 경험
견디 버티
이겨내 극복
뛰어넘 능가
벗어나 탈피
멈추 정지 중지하
미루 연기 늦추
앞당기 단축
서두르 재촉
거느리 지휘하
부리 고용
꼽히 평가받
기리 추모 기념
본뜨 모방 흉내
쏠리 편중 치우치
고르 균일 균등
낱개 개별
덩어리 뭉치
조각 파편
겉 표면 외면
속 내면
빛 광선
빛나 반짝이
물 수분
바다 해양
산 산악
숲 삼림
강 하천
땅 토지 육지
하늘 창공
별 항성
해 태양
불 화재
피 혈액
뼈 골격
살갗 피부
목숨 생명
몸 신체
머리카락 두발
힘 세력
꿈 희망하
뜻 의미
까닭 이유하
일 업무 작업
일꾼 노동자 근로자 인부
벗 친구
동생 아우
맏아들 장남
맏딸 장녀
조상 선조
후손 자손
백성 국민
임금 군주
신하 관료
장수 장군
군사 병사 군인 병력
무기 병기
싸움 다툼 전투하
난리 반란 봉기
벌 처벌 징계
죄 범죄
거짓 허위
참 사실하
소문 풍문
편지 서신 서한
사진 이미지
그림 회화
노랫말 가사
춤 무용
연극 공연
배우 연기자
감독 연출자
저자 지은이 글쓴이 작가
독자 구독자
신문사 언론사
가게 상점 점포
장터 시장
손님 고객
값싸 저렴 싸
비싸 고가
세금 조세
품삯 임금하 보수 급여 월급
usually typically commonly generally often frequently normally
begin start commence opens
repeat repeatedly iterativ
join merge combine unite
individual single
big large
take away remove
pick choose select
turn switch
halv half
continu resum proceed
recent latest
interrupt stop
separat independent
precomput advance
joint together
precise accurat exact
considerabl much significantl substantiall
reorder rerank
around about approximatel roughly
small short little
gather collect
ahead before
afterward after
donat gift
wealth money fortune
perish destroy
rebuild rebuilt
return back
native born
deposit lay
recognize find identif
largest biggest
smallest least
quick fast rapid
require need demand
allow enable let permit
help assist aid
show demonstrat illustrat reveal
explain describ
contain hold includ comprise
consist compos
receive get obtain
give provide supply
use utiliz employ apply
call name term
mean signif denot
compute calculat
measure gauge
compare contrast
improve enhanc better
reduce decreas lower shrink cut
increase raise grow rise boost
prevent avoid
ensure guarantee
avoid evade
replace substitut swap
divide split partition
scale rescal
shorten truncat cut
discard drop omit
keep retain preserv
store save
fetch retriev
search look
match fit
author writer
paper article
study research
result outcome
reason cause
purpose goal aim
advantage benefit
drawback disadvantage downside
error mistake
example instance sample
step stage
part piece portion component
entire whole complete full
first initial
last final
final eventual
main chief principal
important crucial key essential
necessary needed required
enough sufficient
difficult hard tough
easy simple straightforward
cheap inexpensive
expensive costly
similar alike
identical same
different distinct
equal equivalent
random arbitrary
usual standard default
normal ordinary
special particular
modern recent new
old ancient
happy glad
people human person
kid child
woman female
man male
house home
city town
country nation
road street
ship vessel boat
car automobile vehicle
job work task
pay salary wage
battle fight
die death perish pass
kill slay
marry wed
build construct erect
founded establish
win victory
lose defeat
leave depart
arrive reach
travel journey
speak talk say
write author
read process
think believe consider
know understand
remember recall
forget forgot
try attempt
fail failure
succeed success
wait delay
finish complet end
zero none
update modif
gradient slope
rate speed
memory ram
run execut
launch start
call invok
높 높이 높아지 드높
낮 낮추 낮아지
크 커지 키우
작 작아지 줄
길 길어지 늘이
짧 짧아지 줄 단축
빠르 빨라지 빨리
느리 느려지 천천히
강하 강해지 강화
약하 약해지 약화
많 많아지 늘
적 적어지 줄
저녁 오후
친구 벗
뒤쪽 후방 뒤편
앞쪽 전방 앞편
우파 우익
좌파 좌익
숙식 잠자리
남쪽 남부
북쪽 북부
동쪽 동부
서쪽 서부
도읍 수도
닿 상륙 도달
끊 멀리
무너지 허물 헐 파괴
지휘 휘하
꾸 빌리
다툼 분쟁 갈등
붙잡히 검거 체포
힘 세력
깎이 감소
취소 무효
고장 지역
옛날 예로부터
사라지 소멸
의미 뜻
임계값 문턱값
축소 줄이
불균형 치우치
근접 가깝
거듭 반복
되풀이 반복
늘 항상 언제나 노상
또는 혹은
성기 성글 듬성듬성
이따금 때때로 가끔 종종 간혹
저마다 각자 각기
음악회 연주회 콘서트
마음대로 함부로
갈라지 나뉘 갈리
두절 끊기
비판 비난 지적
모색 도모
최후 끝
폐쇄 닫
결정 마음먹 결심 정하
매입 사들이 매수 인수
부유 부자 넉넉
가난 빈곤 궁핍
심하 극심 격심 심각
뚜렷하 현저
빠져나오 탈출하
합의 타협 협상
협정 조약 협약
회의 회담 모임 집회
단체 조직 집단 모임
기관 기구
본부 본사
지부 지점 지사
대표 우두머리 수장 지도자 리더
부하 수하
구성원 회원 멤버 일원
참가 참여 출전 출석
후원 지원 원조
투자 출자
수입 소득
손해 피해 손실
이득 이익
빚 부채 채무
비용 경비
생산 제조 산출
소비 소모
판매량 매출
농사 농업 경작
고기잡이 어업
장사 상업
짐 화물
길 도로
다리 교량
역 정거장
건물 건축물
터 부지
탑 불탑
절 사찰 사원
성당 교회당
무덤 묘 묘지 분묘
동상 조각상
유물 문화재 유산
글씨 서체 글자
책 저서 저술 저작
논문 연구
학자 연구자
이론 학설
가설 가정
증거 근거
예 사례 보기 예시
뜻하 의미하 나타내
설명 해설
요점 핵심
특징 특성 특색
성질 속성
종류 유형 갈래
분야 영역
과정 절차
단계 국면
목적 목표
효과 효능 영향
능력 역량
기술 기법 솜씨
도구 연장 기구
기계 장치 장비 기기
부품 부속
재료 원료 소재 자재
물질 성분
온도 기온
압력 압
무게 중량 질량
넓이 면적
부피 체적 용적
굵기 두께 지름
색 색깔 빛깔 색상
모양 형태 형상 생김새
구조 얼개 짜임
껍질 외피 표피
잎 이파리
열매 과일 과실
씨 종자
뿌리 근
동물 짐승
먹이 사료 먹잇감
알 난자
새끼 어린것
수명 생애
서식 살 거주 분포
번식 산란
멸종 절멸
약 의약품 약물
치료 진료 요법
증상 증세
수술 집도
감염 전염
임신 잉태
여성 여자 여인
남성 남자 사내
어른 성인
청소년 십대
노인 늙은이 고령자
부모 양친 어버이
형제 동기
친척 친족 일가
이웃 인근
적 적군
아군 우군
포로 볼모
항복 투항 굴복
휴전 정전
침략 침공 침입 쳐들어가
점령 차지 장악
정복 평정
격퇴 물리치
진압 평정하
공표 공포 반포 발포
시행 실시 집행
제정 만들 마련
폐지 없애 철폐
고치 개조 개량 수정 손보
바뀌 변화 전환 개조
넓히 확장 확대
좁히 축소
늘리 확충
덜 줄이 경감
앞서 먼저 이전
나중 뒷날 훗날 이후 뒤
당시 그때 그무렵
지금 현재 오늘날
옛 과거 예전
해마다 매년 연례
오랫동안 장기간
잠시 잠깐 일시
직후 곧
중간 도중
대신 대체 대리
따로 별도 별개
똑같 동일 같
전혀 아예
매우 아주 무척 극히 몹시
조금 약간 다소
꽤 상당
오직 단지 다만
아마 어쩌면
특히 유독
주로 대개 대체로 보통 일반적 흔히
직접 몸소 손수
일부러 고의
억지로 마지못해
몰래 은밀 비밀리
갑작스럽 급작 돌연
묻 물 질문
꺼리 기피 회피
바라보 응시
들려주 이야기 말하
알려주 통보 고지 통지
불러오 로드 로딩
저장 보관 보존
전송 보내
실행 구동 돌
호출 부르
설정 지정
입력하 넣
출력하 내놓
계산하 셈하
학습시키 훈련시키
초기화 리셋
갱신 업데이트 고치
반환 돌려주 응답
기본값 디폴트
오류 에러
빈도 횟수
비율 비 율
확률 가능성
분포 퍼지
차이 격차
합 총합 합계
곱 곱셈
제곱 자승
평균하 평균내
전체 온 모든
표본 샘플
벌점 페널티
가설 후보
탐욕 greedy
빔 beam
온도 temperature
망각 forget
게이트 gate
편향 bias
노름 norm
역전파 backpropagation
기억 메모리
contain includ hold
often frequently
roughly approximately
ability capabil
wrong incorrect
right correct
choose chosen
pull draw
handl process
appl use
mimic imitat
common widespread
tend usually
happen occur
cause lead produce
stop halt end
raise lift
rapid fast
jump leap
noise noisy
suffer experienc
pay attention
fit suit
shift move
tell say
fatal disastrous
hurt harm damag
spread distribut
equal same
amount quantity number
limit bound cap
exceed surpass
threshold limit
constant fixed
skip omit
begin initial
effectiv actual
tim multipl
extra additional
forget drop
guarantee ensur
separat split
"""
